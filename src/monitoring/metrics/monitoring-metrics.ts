import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { Counter, Gauge, register } from 'prom-client';
import { FigureReader } from './figure-reader.js';
import type { Figure, Figures } from './figures.js';

interface Exported {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly of: (figures: Figures) => readonly Figure[];
}

const GAUGES: readonly Exported[] = [
  {
    name: 'boucle_drift_score',
    help: 'Scores of the newest drift report; feature "*" is the largest of those beyond the 200th',
    labelNames: ['model', 'version', 'feature', 'method'],
    of: ({ scores }) => scores,
  },
  {
    name: 'boucle_outcome_coverage_ratio',
    help: 'Share of the predictions that have an outcome, in the window that the newest report measured quality in',
    labelNames: ['model'],
    of: ({ coverage }) => coverage,
  },
  {
    name: 'boucle_quality',
    help: 'Metrics of the newest report, on the predictions of its window whose outcomes are known',
    labelNames: ['model', 'version', 'metric'],
    of: ({ quality }) => quality,
  },
  {
    name: 'boucle_champion_version',
    help: 'Number of the version that is champion',
    labelNames: ['model'],
    of: ({ champions }) => champions,
  },
  {
    name: 'boucle_model_age_seconds',
    help: 'Time since the champion was trained',
    labelNames: ['model'],
    of: ({ ages }) => ages,
  },
  {
    name: 'boucle_training_runs_total',
    help: 'Training runs by the state that they are in',
    labelNames: ['algorithm', 'backend', 'state'],
    of: ({ runs }) => runs,
  },
  {
    name: 'boucle_training_oldest_seconds',
    help: 'Time since the oldest of the training runs that are not over was asked for, by the state that they are in',
    labelNames: ['state'],
    of: ({ waits }) => waits,
  },
  {
    name: 'boucle_queue_jobs',
    help: 'Jobs that wait for their time (deferred) or for a worker (queued), and that run (active)',
    labelNames: ['queue', 'state'],
    of: ({ jobs }) => jobs,
  },
];
const DECISIONS: Exported = {
  name: 'boucle_retraining_decisions_total',
  help: 'Decisions after checks',
  labelNames: ['model', 'verdict'],
  of: ({ decisions }) => decisions,
};

/** However often somebody scrapes, the database is asked no more often. */
const KEPT_MS = 5_000;
/** A scrape does not wait longer for the database. */
const PATIENCE_MS = 3_000;

/**
 * Exports what stands in the database, so that all replicas say the same. While it is away, these metrics are absent and
 * the process's own are not.
 */
@Injectable()
export class MonitoringMetrics implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Metrics');
  private reading: Promise<Figures> | undefined;
  private kept: { readonly until: number; readonly figures: Promise<Figures | undefined> } | undefined;

  constructor(private readonly reader: FigureReader) {}

  onModuleInit(): void {
    const latest = () => this.latest();
    for (const { of, ...options } of GAUGES) {
      new Gauge({
        ...options,
        labelNames: [...options.labelNames],
        async collect() {
          const figures = await latest();
          this.reset();
          for (const { labels, value } of figures ? of(figures) : []) this.set({ ...labels }, value);
        },
      });
    }
    const { of, ...options } = DECISIONS;
    new Counter({
      ...options,
      labelNames: [...options.labelNames],
      async collect() {
        const figures = await latest();
        this.reset();
        for (const { labels, value } of figures ? of(figures) : []) this.inc({ ...labels }, value);
      },
    });
  }

  onApplicationShutdown(): void {
    for (const { name } of [...GAUGES, DECISIONS]) register.removeSingleMetric(name);
  }

  private latest(): Promise<Figures | undefined> {
    const now = performance.now();
    if (!this.kept || this.kept.until < now) this.kept = { until: now + KEPT_MS, figures: this.figures() };
    return this.kept.figures;
  }

  private async figures(): Promise<Figures | undefined> {
    try {
      // One that hangs is waited for, and not joined by a second one.
      this.reading ??= this.reader.read().finally(() => (this.reading = undefined));
      const figures = await Promise.race([this.reading, delay(PATIENCE_MS, undefined, { ref: false })]);
      if (!figures) this.logger.warn('the database took too long for its metrics');
      return figures;
    } catch (error) {
      this.logger.warn({ err: error }, 'the metrics of the database could not be read');
      return undefined;
    }
  }
}
