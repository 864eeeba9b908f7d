import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { AppError } from '../../errors/app-error.js';
import { ArchiveError, readArchive } from '../../models/artifact/archive.js';
import { ONNX_FILE } from '../../models/artifact/manifest.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { ModelProofs, type Proof, type UnprovenModel } from '../registration/model-proofs.js';
import type { TrainingRun } from '../training-run.entity.js';

/** Makes artifacts of what training scripts leave: foreign files, proven and measured like those that people upload. */
@Injectable()
export class ScriptModels {
  constructor(
    private readonly registry: ModelRegistry,
    private readonly datasets: DatasetsService,
    private readonly proofs: ModelProofs,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @param archive path of the script's model.tar.gz. @param say hears what the proof is at. @param use takes the outcome while its files are there.
   * @throws AppError INVALID_STATE, with what to do, for an archive without a usable model.
   */
  async prove<Result>(
    run: TrainingRun,
    archive: string,
    signal: AbortSignal,
    say: UnprovenModel['say'],
    use: (proof: Proof) => Promise<Result>,
  ): Promise<Result> {
    const { task, target, features, split } = await this.registry.modelById(run.modelId);
    const onnx = await this.modelIn(archive);
    const unproven = {
      id: run.id,
      columns: { task, target, features, split, weights: run.weights ?? undefined },
      version: await this.datasets.versionById(run.datasetVersionId),
      classes: null,
      script: { image: run.image!, seed: run.seed, hyperparameters: run.hyperparameters },
      say,
      fetch: (path: string) => writeFile(path, onnx),
    };
    return this.proofs.prove(unproven, signal, use);
  }

  private async modelIn(archive: string): Promise<Uint8Array> {
    const maxBytes = this.config.ONNX_MAX_BYTES;
    try {
      const { files } = await readArchive(createReadStream(archive), [ONNX_FILE], maxBytes);
      const file = files.get(ONNX_FILE);
      if (file) return file.bytes;
      throw new ArchiveError(`it has no ${ONNX_FILE}`);
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      throw new AppError(
        'INVALID_STATE',
        `The model.tar.gz of the training script cannot be used: ${error.message}. Have the script leave ${ONNX_FILE}, of at most ${maxBytes} bytes (ONNX_MAX_BYTES), in /opt/ml/model, and no links or folders beside it.`,
        undefined,
        { cause: error },
      );
    }
  }
}
