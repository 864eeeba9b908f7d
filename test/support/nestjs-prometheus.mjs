/**
 * The package itself, for jest: it is CommonJS and requires Nest's ES modules, which jest allows only once these are
 * evaluated. Imported after them, it costs the specs that use it, and no other, the loading of Nest.
 */
import '@nestjs/common';

export const {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
  PrometheusController,
  PrometheusModule,
} = await import('../../node_modules/@willsoto/nestjs-prometheus/dist/index.js');
