import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import type { ReadyVersion } from '../../datasets/dataset-version.entity.js';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { writeArchive } from '../../models/artifact/archive.js';
import { MANIFEST_FILE, ONNX_FILE, REFERENCE_FILE } from '../../models/artifact/manifest.js';
import type { ModelColumns } from '../../models/model-columns.js';
import { DATA_FILE, MODEL_FOLDER, type ProofPhase, type ScriptOrigin, UPLOADED_FILE } from './proof/proof-order.js';
import { proveInProcess } from './proof/prove-in-process.js';

/** A model file that nobody here knows, and what it is to serve. */
export interface UnprovenModel {
  /** Of what it is proven for: what a killed attempt left behind is found by it, and removed. */
  readonly id: string;
  readonly columns: ModelColumns;
  /** What it is measured on. */
  readonly version: ReadyVersion;
  /** Labels in the order of the scores; null to take those that the graph names. */
  readonly classes: readonly string[] | null;
  readonly script?: ScriptOrigin;
  /** Hears what the proof is at. */
  readonly say: (phase: ProofPhase) => void;
  /** Copies the ONNX file to a local path. */
  readonly fetch: (path: string, signal: AbortSignal) => Promise<void>;
}

/** `archive` is the path of a model.tar.gz that lives as long as it is used; `output` is for the log. */
export type Proof =
  | { readonly kind: 'PROVEN'; readonly archive: string }
  | { readonly kind: 'REFUSED'; readonly reason: string; readonly output: string };

/** Has model files proven in processes of their own, within the limits for such files. */
@Injectable()
export class ModelProofs {
  constructor(
    private readonly datasets: DatasetsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @param use takes the outcome while its files are there. */
  async prove<Result>(
    model: UnprovenModel,
    signal: AbortSignal,
    use: (proof: Proof) => Promise<Result>,
  ): Promise<Result> {
    const folder = folderOf(model.id);
    try {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { mode: 0o700 });
      return await use(await this.proofIn(folder, model, signal));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Removes what a killed attempt left behind, where there is no other one to do it. */
  async discard(id: string): Promise<void> {
    await rm(folderOf(id), { recursive: true, force: true });
  }

  private async proofIn(folder: string, model: UnprovenModel, signal: AbortSignal): Promise<Proof> {
    const { columns, version, classes, script, say, fetch } = model;
    await fetch(join(folder, UPLOADED_FILE), signal);
    await this.datasets.download(version, join(folder, DATA_FILE), signal);
    const { ONNX_TIMEOUT_SECONDS, ONNX_MEMORY_BYTES, DUCKDB_MEMORY_LIMIT } = this.config;
    const order = {
      folder,
      memoryLimit: DUCKDB_MEMORY_LIMIT,
      columns,
      classes,
      dataset: { versionId: version.id, number: version.number, contentHash: version.contentHash },
      script,
    };
    const limits = { timeoutMs: ONNX_TIMEOUT_SECONDS * 1000, memoryBytes: ONNX_MEMORY_BYTES };
    const outcome = await proveInProcess(order, limits, signal, say);
    if (outcome.kind === 'REFUSED') return outcome;
    const archive = join(folder, 'model.tar.gz');
    await writeArchive(join(folder, MODEL_FOLDER), [ONNX_FILE, REFERENCE_FILE, MANIFEST_FILE], archive);
    return { kind: 'PROVEN', archive };
  }
}

function folderOf(id: string): string {
  return join(tmpdir(), `boucle-proof-${id}`);
}
