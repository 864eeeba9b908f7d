import { Controller, Get, Param, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import { idSchema } from '../../auth/users/user.types.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { BatchService } from './batch.service.js';

@Controller('v1/batch-predictions/:id')
@RequireRole('ENGINEER')
export class BatchController {
  constructor(private readonly batches: BatchService) {}

  @Get('download')
  async download(
    @Param('id', new ZodPipe(idSchema)) id: string,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const { stream, bytes } = await this.batches.open(id, principal);
    void reply.header('etag', `"${id}"`);
    return new StreamableFile(stream, {
      type: 'application/vnd.apache.parquet',
      disposition: `attachment; filename="predictions-${id}.parquet"`,
      length: bytes,
    });
  }
}
