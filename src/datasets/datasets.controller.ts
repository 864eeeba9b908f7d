import type { Readable } from 'node:stream';
import { Controller, Get, HttpCode, Param, Post, Req, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentPrincipal, RequireRole } from '../auth/access.js';
import type { Principal } from '../auth/principal.js';
import { AppError } from '../errors/app-error.js';
import { StreamedBody } from '../platform/http/streamed-body.js';
import { DatasetsService } from './datasets.service.js';
import { ExtractionRequests } from './extraction-requests.js';

const NUMBER = /^[1-9]\d{0,8}$/;

/** Files in and out. */
@Controller('v1/datasets/:name')
@RequireRole('ENGINEER')
export class DatasetsController {
  constructor(
    private readonly datasets: DatasetsService,
    private readonly requests: ExtractionRequests,
  ) {}

  /** The body is the file itself. Answers as soon as it is stored; the extraction goes on as a job. */
  @Post('upload')
  @StreamedBody()
  @HttpCode(202)
  async upload(
    @Param('name') name: string,
    @Req() request: FastifyRequest,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ id: string; state: string }> {
    const { id, state } = await this.requests.upload(name, request.body as Readable, principal);
    return { id, state };
  }

  @Get('versions/:number/download')
  async download(
    @Param('name') name: string,
    @Param('number') number: string,
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    if (!NUMBER.test(number)) throw new AppError('BAD_INPUT', 'The version in the path must be a number such as 3.');
    const version = await this.datasets.versionByNumber(name, Number(number));
    const stream = await this.datasets.open(version, principal);
    void reply.header('etag', `"${version.contentHash}"`);
    return new StreamableFile(stream, {
      type: 'application/vnd.apache.parquet',
      disposition: `attachment; filename="${name}-${number}.parquet"`,
      ...(version.bytes !== null && { length: version.bytes }),
    });
  }
}
