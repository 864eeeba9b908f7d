import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { ReadyVersion } from '../../datasets/dataset-version.entity.js';
import { AppError } from '../../errors/app-error.js';
import type { WeightChoice } from '../../models/model-columns.js';
import { Model } from '../../models/model.entity.js';
import { DEFAULT_SEED, defaultAlgorithms, TrainingService } from '../../training/training.service.js';
import { TrainingRun } from '../../training/training-run.entity.js';
import type { RetrainingStep } from './retraining-step.js';
import type { Retraining } from './retraining.entity.js';

/** From GATHERING to TRAINING: starts the runs, unless there is nothing to learn that is not known. */
@Injectable()
export class RetrainingStart {
  constructor(private readonly training: TrainingService) {}

  async on(manager: EntityManager, row: Retraining, model: Model, version: ReadyVersion): Promise<RetrainingStep> {
    const known = await knownFrom(manager, model.id, version.contentHash);
    if (known) return { state: 'NO_NEW_DATA', message: known, changes: { datasetVersionId: version.id } };
    await lockAtOnce(manager, model.id);
    try {
      const runs = await this.startRuns(manager, row, model, version);
      const message = `0 of ${runs.length} trainings have ended`;
      return { state: 'TRAINING', message, changes: { datasetVersionId: version.id, groupId: runs[0]!.groupId } };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { state: 'FAILED', message: `No training could be started: ${error.message}` };
    }
  }

  private async startRuns(
    manager: EntityManager,
    row: Retraining,
    model: Model,
    version: ReadyVersion,
  ): Promise<TrainingRun[]> {
    const champion = await championRun(manager, model.id);
    return this.training.startWithin(manager, {
      model,
      version,
      algorithms: row.algorithms ?? defaultAlgorithms(model),
      // What somebody found to be good for the champion is good for its successor.
      hyperparametersOf: (algorithm) => (champion?.algorithm === algorithm ? champion.hyperparameters : {}),
      weights: champion?.weights ? knownWeights(champion.weights, version) : undefined,
      seed: champion?.seed ?? DEFAULT_SEED,
      trigger: row.trigger,
      requestedBy: null,
    });
  }
}

/** Labelled predictions carry no weights of rows: there the classes' remain. */
function knownWeights({ column, classes }: WeightChoice, { schema }: ReadyVersion): WeightChoice {
  const isThere = schema.some(({ name }) => name === column);
  return { ...(isThere && { column }), ...(classes && { classes }) };
}

/** Whoever deletes the model holds it and waits for the retraining: it is had at once, or the step is made later. */
async function lockAtOnce(manager: EntityManager, id: string): Promise<void> {
  await manager.findOneOrFail(Model, { where: { id }, lock: { mode: 'pessimistic_write', onLocked: 'nowait' } });
}

async function championRun(manager: EntityManager, modelId: string): Promise<TrainingRun | null> {
  return manager
    .createQueryBuilder(TrainingRun, 'run')
    .where(`run.id = (SELECT run_id FROM model_version WHERE model_id = :modelId AND stage = 'CHAMPION')`, { modelId })
    .getOne();
}

/** Whose data was the same, in a sentence, if the champion or the newest version learned from it already. */
async function knownFrom(manager: EntityManager, modelId: string, contentHash: string): Promise<string | undefined> {
  const [known] = await manager.query<{ number: number }[]>(
    `SELECT version.number
     FROM model_version version
       JOIN training_run run ON run.id = version.run_id
       JOIN dataset_version data ON data.id = run.dataset_version_id
     WHERE version.model_id = $1 AND data.content_hash = $2
       AND (version.stage = 'CHAMPION' OR version.number = (SELECT max(number) FROM model_version WHERE model_id = $1))
     ORDER BY version.number DESC LIMIT 1`,
    [modelId, contentHash],
  );
  return known && `There is no new data: version ${known.number} learned from the same rows already.`;
}
