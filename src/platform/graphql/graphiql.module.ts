import { Inject, Module, OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { serveGraphiql } from './graphiql.routes.js';

/** Puts GraphiQL on the HTTP server of a role, if the setting GRAPHIQL is on. */
@Module({})
export class GraphiqlModule implements OnModuleInit {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly http: HttpAdapterHost<FastifyAdapter>,
  ) {}

  async onModuleInit(): Promise<void> {
    if (this.config.GRAPHIQL) await serveGraphiql(this.http.httpAdapter.getInstance());
  }
}
