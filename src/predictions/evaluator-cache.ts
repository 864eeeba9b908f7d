import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Gauge } from 'prom-client';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { AppError } from '../errors/app-error.js';
import type { Evaluator } from '../ml/schema/evaluator.js';
import { ModelArtifacts } from '../models/artifact/model-artifacts.js';
import { createEvaluator } from '../models/evaluation/create-evaluator.js';
import type { ServableVersion } from '../models/model-registry.js';
import { Binnings, type VersionCounter } from './counts/binnings.js';
import { LoadSlots } from './load-slots.js';
import { EVALUATOR_CACHE_BYTES } from './prediction.metrics.js';

/** Models loaded at the same time: what is being loaded is not in the cache yet, so its limit does not bound it. */
const PARALLEL_LOADS = 2;

/** A version ready to predict, and to have its predictions counted. */
export interface LoadedModel {
  readonly evaluator: Evaluator;
  readonly counter: VersionCounter;
}

interface Loaded extends LoadedModel {
  /** Calls that compute with it right now; it is disposed of only when there are none. */
  users: number;
  evicted: boolean;
  disposed: boolean;
}

/** The loaded models of this process: each loaded once, the least recently used given up when memory is short. */
@Injectable()
export class EvaluatorCache implements OnApplicationShutdown {
  private readonly logger = new Logger('Predictions');
  /** By version id, least recently used first. */
  private readonly loaded = new Map<string, Loaded>();
  private readonly loading = new Map<string, Promise<Loaded>>();
  private readonly slots = new LoadSlots(PARALLEL_LOADS);
  private readonly listeners: ((versionId: string) => void)[] = [];
  private bytes = 0;

  constructor(
    private readonly artifacts: ModelArtifacts,
    private readonly binnings: Binnings,
    @Inject(CONFIG) private readonly config: Config,
    @InjectMetric(EVALUATOR_CACHE_BYTES) private readonly gauge: Gauge,
  ) {}

  /** @param listener is called with the id of every version whose model is given up. */
  whenGivenUp(listener: (versionId: string) => void): void {
    this.listeners.push(listener);
  }

  /**
   * Runs `work` with the version's model, which stays usable until `work` ends.
   * @throws AppError LIMIT_EXCEEDED if the model alone is larger than the cache, and what loading an artifact throws.
   *   A failed load is not remembered.
   */
  async use<Result>(version: ServableVersion, work: (model: LoadedModel) => Promise<Result>): Promise<Result> {
    const entry = await this.acquire(version);
    try {
      return await work(entry);
    } finally {
      entry.users--;
      if (entry.evicted) await this.dispose([entry]);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.allSettled(this.loading.values());
    await this.dispose([...this.loaded.keys()].map((id) => this.evict(id)));
  }

  private async acquire(version: ServableVersion): Promise<Loaded> {
    const id = version.versionId;
    let entry = this.loaded.get(id) ?? (await this.load(version));
    // Another load may have pushed it out again before we got here.
    while (entry.evicted) entry = this.loaded.get(id) ?? (await this.load(version));
    entry.users++;
    this.loaded.delete(id);
    this.loaded.set(id, entry);
    return entry;
  }

  /** Requests that come while a version is being loaded share that load. */
  private load(version: ServableVersion): Promise<Loaded> {
    const underway = this.loading.get(version.versionId);
    if (underway) return underway;
    const load = this.slots.run(() => this.loadNow(version)).finally(() => this.loading.delete(version.versionId));
    this.loading.set(version.versionId, load);
    return load;
  }

  private async loadNow(version: ServableVersion): Promise<Loaded> {
    const started = performance.now();
    const { evaluator, counter } = await this.open(version);
    const limit = this.config.EVALUATOR_CACHE_BYTES;
    if (evaluator.bytes > limit) {
      await evaluator.dispose();
      throw new AppError(
        'LIMIT_EXCEEDED',
        `Version ${version.version} of model ${version.modelName} needs ${evaluator.bytes} bytes of memory, more than EVALUATOR_CACHE_BYTES (${limit}). Raise that setting, or train a smaller model.`,
      );
    }
    const evicted = this.makeRoom(limit - evaluator.bytes);
    const entry: Loaded = { evaluator, counter, users: 0, evicted: false, disposed: false };
    this.loaded.set(version.versionId, entry);
    this.count(evaluator.bytes);
    await this.dispose(evicted);
    this.logger.log(
      {
        model: version.modelName,
        version: version.version,
        bytes: evaluator.bytes,
        ms: Math.round(performance.now() - started),
      },
      'model loaded',
    );
    return entry;
  }

  private async open(version: ServableVersion): Promise<LoadedModel> {
    const { onnx } = await this.artifacts.load(version.artifactKey, version.artifactSha256);
    const counter = await this.binnings.counterOf(version.versionId);
    if (!counter) throw deleted(version);
    return { evaluator: await this.createEvaluator(version, onnx), counter };
  }

  private async createEvaluator(version: ServableVersion, onnx: Uint8Array): Promise<Evaluator> {
    try {
      return await createEvaluator(onnx);
    } catch (cause) {
      throw new AppError(
        'INVALID_STATE',
        `The model file of version ${version.version} of ${version.modelName} cannot be loaded. Choose another version, or train a new one; the log of this process tells the cause.`,
        undefined,
        { cause },
      );
    }
  }

  private makeRoom(target: number): Loaded[] {
    const evicted: Loaded[] = [];
    while (this.bytes > target) evicted.push(this.evict(this.loaded.keys().next().value!));
    return evicted;
  }

  private evict(id: string): Loaded {
    const entry = this.loaded.get(id)!;
    this.loaded.delete(id);
    this.count(-entry.evaluator.bytes);
    entry.evicted = true;
    return entry;
  }

  private async dispose(evicted: readonly Loaded[]): Promise<void> {
    for (const entry of evicted) {
      // The last user of an entry may have come here first, while another one was being disposed of.
      if (entry.users > 0 || entry.disposed) continue;
      entry.disposed = true;
      await entry.evaluator.dispose();
      for (const listener of this.listeners) listener(entry.counter.versionId);
    }
  }

  private count(bytes: number): void {
    this.bytes += bytes;
    this.gauge.set(this.bytes);
  }
}

function deleted({ version, modelName }: ServableVersion): AppError {
  return new AppError(
    'NOT_FOUND',
    `Version ${version} of ${modelName} was deleted with its model. Choose another model.`,
  );
}
