import { Controller, DynamicModule, Get, Module, OnModuleInit, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  InjectMetric,
  makeHistogramProvider,
  PrometheusController,
  PrometheusModule,
} from '@willsoto/nestjs-prometheus';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { Histogram } from 'prom-client';
import { Public } from '../http/public.js';
import { METRICS_ROLE, ProcessMetrics } from './process-metrics.js';

@Controller()
@Public()
class MetricsController extends PrometheusController {
  @Get()
  override async index(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    return super.index(reply);
  }
}

const exporter: DynamicModule = PrometheusModule.register({
  controller: MetricsController,
  path: '/metrics',
  defaultMetrics: { enabled: true },
});

/** `/metrics` in every role: the process's own figures and one histogram of all HTTP requests. */
@Module({
  imports: [exporter],
  providers: [
    ProcessMetrics,
    makeHistogramProvider({
      name: 'boucle_http_request_duration_seconds',
      help: 'Time from the first byte of a request to the last of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    }),
  ],
})
export class MetricsModule implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost<FastifyAdapter>,
    @InjectMetric('boucle_http_request_duration_seconds') private readonly durations: Histogram,
  ) {}

  static forRole(role: string): DynamicModule {
    return { module: MetricsModule, providers: [{ provide: METRICS_ROLE, useValue: role }] };
  }

  onModuleInit(): void {
    this.host.httpAdapter.getInstance().addHook('onResponse', (request, reply, done) => {
      // The route's pattern, not the path: names of models in a label would grow without bound.
      const route = request.routeOptions.url ?? 'unknown';
      this.durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
      done();
    });
  }
}
