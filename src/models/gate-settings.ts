import { AppError } from '../errors/app-error.js';
import { METRICS_OF_TASK, primaryMetric } from '../ml/metrics/evaluate.js';
import type { Task } from '../ml/schema/signature.js';
import { directionOf, type GateMetric, gateMetricsOf } from './gate-metrics.js';
import type { Floor, GateSettings } from './promotion-gate.js';

/** What a caller may say about the gate; what is left out stays as it is. */
export interface GateChoice {
  readonly primaryMetric?: string | null;
  readonly margin?: number | null;
  readonly floors?: readonly Floor[] | null;
}

export function defaultGate(task: Task): GateSettings {
  return { primaryMetric: primaryMetric(task).name as GateMetric, margin: 0, floors: [] };
}

/** @throws AppError BAD_INPUT that says which metrics there are. */
export function parseGate(task: Task, choice: GateChoice, present: GateSettings): GateSettings {
  const margin = choice.margin ?? present.margin;
  if (!Number.isFinite(margin) || margin < 0) {
    throw new AppError('BAD_INPUT', `margin must be 0 or more, in the unit of the primary metric; got ${margin}.`);
  }
  const floors = (choice.floors ?? present.floors).map(({ metric, value }) => ({ metric, value }));
  for (const { metric } of floors) {
    if (directionOf(task, metric)) continue;
    const known = Object.keys(METRICS_OF_TASK[task]).join(', ');
    throw new AppError('BAD_INPUT', `There is no metric ${metric} of a ${task}. Choose among ${known}.`);
  }
  return { primaryMetric: gateMetric(task, choice.primaryMetric ?? present.primaryMetric), margin, floors };
}

function gateMetric(task: Task, name: string): GateMetric {
  const metrics = gateMetricsOf(task);
  const known = metrics.find((metric) => metric === name);
  if (known) return known;
  throw new AppError(
    'BAD_INPUT',
    `${name} can't decide between models of a ${task}: the gate needs a metric with one loss a row. Choose among ${metrics.join(', ')}.`,
  );
}
