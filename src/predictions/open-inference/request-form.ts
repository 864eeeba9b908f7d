import { Injectable, OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../errors/app-error.js';

const INFERENCE = /^\/v2\/models\/.*\/infer$/;

/** What clients of the protocol do before a body is read: leave out its content type, or offer it in binary form. */
@Injectable()
export class RequestForm implements OnModuleInit {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  onModuleInit(): void {
    const server = this.adapterHost.httpAdapter.getInstance<FastifyInstance>();
    server.addHook('onRequest', (request, _reply, done) => {
      if (!INFERENCE.test(request.routeOptions.url ?? '')) {
        done();
      } else if (request.headers['inference-header-content-length'] !== undefined) {
        done(binary());
      } else {
        request.headers['content-type'] ??= 'application/json';
        done();
      }
    });
  }
}

function binary(): AppError {
  return new AppError(
    'BAD_INPUT',
    'This server does not have the extension for binary tensors: send their data as JSON (in tritonclient: binary_data=False).',
  );
}
