import type { EntityManager } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import { Model } from './model.entity.js';
import { ModelVersion } from './model-version.entity.js';
import type { Stage } from './stage.js';

/** The model's row, locked until the transaction ends. @throws AppError NOT_FOUND */
export async function lockModel(
  manager: EntityManager,
  where: { readonly name: string } | { readonly id: string },
): Promise<Model> {
  const model = await manager.findOne(Model, { where, lock: { mode: 'pessimistic_write' } });
  if (model) return model;
  const name = 'name' in where ? `called ${where.name}` : `with the id ${where.id}`;
  throw new AppError('NOT_FOUND', `There is no model ${name}. The query \`models\` lists them.`);
}

/** @throws AppError NOT_FOUND */
export async function versionOf(manager: EntityManager, model: Model, number: number): Promise<ModelVersion> {
  const version = await manager.findOneBy(ModelVersion, { modelId: model.id, number });
  if (version) return version;
  throw new AppError('NOT_FOUND', `Model ${model.name} has no version ${number}.`);
}

export async function championOf(manager: EntityManager, model: Model): Promise<ModelVersion | null> {
  return manager.findOneBy(ModelVersion, { modelId: model.id, stage: 'CHAMPION' });
}

export async function moveTo(manager: EntityManager, version: ModelVersion, stage: Stage): Promise<ModelVersion> {
  await manager.update(ModelVersion, { id: version.id }, { stage });
  return Object.assign(version, { stage });
}

/** @throws AppError INVALID_STATE if there is an obstacle to a change. */
export function refuse(model: Model, version: ModelVersion, change: string, obstacle: string | undefined): void {
  if (obstacle === undefined) return;
  throw new AppError(
    'INVALID_STATE',
    `Version ${version.number} of model ${model.name} can't be ${change}: ${obstacle}.`,
  );
}
