import type { Provider } from '@nestjs/common';
import { getToken } from '@willsoto/nestjs-prometheus';
import { register } from 'prom-client';
import { Histogram, type HistogramOptions } from './histogram.js';

/** For `@InjectMetric`. The registry outlives an application: another one in the same process goes on with its histogram. */
export function histogramProvider<Label extends string = never>(options: HistogramOptions<Label>): Provider {
  return {
    provide: getToken(options.name),
    useFactory: () => register.getSingleMetric(options.name) ?? new Histogram(options),
  };
}
