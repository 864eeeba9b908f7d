import { AppError } from '../../errors/app-error.js';
import { FOREIGN } from '../../models/algorithm.js';
import type { Model } from '../../models/model.entity.js';
import { assertAllowedImage } from '../../models/training-image.js';
import type { BackendName } from '../../models/training-backend-name.js';

/** What is asked of a training by a script. */
interface ScriptOrder {
  readonly model: Pick<Model, 'name' | 'trainingImage'>;
  readonly backend?: BackendName;
  readonly folds?: number;
}

/**
 * The image for a training by a model's own script.
 * @throws AppError BAD_INPUT if the model has none, or what is asked is nothing for scripts; FORBIDDEN for one that is
 *   not allowed any more.
 */
export function scriptImage({ model, backend, folds }: ScriptOrder, allowList: readonly string[]): string {
  const { name, trainingImage } = model;
  if (trainingImage === null) {
    throw new AppError(
      'BAD_INPUT',
      `Model ${name} has no script of its own to train it. Give it a \`trainingImage\` with \`updateModel\`, or leave ${FOREIGN} out of the algorithms.`,
    );
  }
  if (backend === 'LOCAL') {
    throw new AppError(
      'BAD_INPUT',
      'A training script runs in its image on SageMaker. Leave `backend` out, or name other algorithms.',
    );
  }
  if (folds !== undefined) {
    throw new AppError(
      'BAD_INPUT',
      'A training script validates as it likes: `folds` are for other algorithms. Leave them out, or name others.',
    );
  }
  assertAllowedImage(trainingImage, allowList);
  return trainingImage;
}
