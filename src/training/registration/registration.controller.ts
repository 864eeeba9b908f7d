import type { Readable } from 'node:stream';
import { Controller, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import { StreamedBody } from '../../platform/http/streamed-body.js';
import { RegistrationService } from './registration.service.js';

/** Model files in, at a path of their own: what lies below /v1/models goes to predictors. */
@Controller('v1/model-uploads')
@RequireRole('ENGINEER')
export class RegistrationController {
  constructor(private readonly registrations: RegistrationService) {}

  /** The body is the .onnx file itself. The hash in the answer names it for `registerModelVersion`. */
  @Post(':model')
  @StreamedBody()
  async upload(
    @Param('model') model: string,
    @Req() request: FastifyRequest,
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ file: string; bytes: number }> {
    const { sha256, bytes } = await this.registrations.upload(model, request.body as Readable, principal);
    return { file: sha256, bytes };
  }
}
