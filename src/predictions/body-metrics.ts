import { Injectable, OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { FastifyRequest } from 'fastify';
import { Counter, Histogram } from 'prom-client';
import { isBodyTooLarge } from '../platform/http/body-too-large.js';
import { PREDICTION_BODY_BYTES, PREDICTIONS_LIMITED } from './prediction.metrics.js';

/** Patterns of the paths that answer predictions, whatever their protocol. */
const PREDICTION_ROUTE = /^\/v[12]\/models\/.*\/(?:predict|invocations|infer)$/;

/** Measures bodies of requests for predictions, and counts those that are too large: no handler ever sees these. */
@Injectable()
export class BodyMetrics implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost<FastifyAdapter>,
    @InjectMetric(PREDICTION_BODY_BYTES) private readonly bytes: Histogram,
    @InjectMetric(PREDICTIONS_LIMITED) private readonly limited: Counter,
  ) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance();
    fastify.addHook('onResponse', (request, _, done) => {
      const length = request.headers['content-length'];
      if (length !== undefined && asksForPredictions(request)) this.bytes.observe(Number(length));
      done();
    });
    fastify.addHook('onError', (request, _, error, done) => {
      if (isBodyTooLarge(error) && asksForPredictions(request)) this.limited.inc({ limit: 'body' });
      done();
    });
  }
}

function asksForPredictions({ routeOptions: { url } }: FastifyRequest): boolean {
  return url !== undefined && PREDICTION_ROUTE.test(url);
}
