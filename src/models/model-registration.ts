import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { ObjectStore } from '../platform/storage/object-store.js';
import type { Manifest } from './artifact/manifest.js';
import { ModelArtifacts } from './artifact/model-artifacts.js';
import { Model } from './model.entity.js';
import { ModelVersion } from './model-version.entity.js';
import { missedFloors } from './promotion-gate.js';
import { lockModel } from './locked-model.js';

/** A verified artifact in the object store. */
export interface StoredArtifact {
  readonly key: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly manifest: Manifest;
}

/** What a version comes from. */
export type Origin = { readonly runId: string } | { readonly registrationId: string };

export interface NewVersion {
  readonly modelId: string;
  readonly origin: Origin;
  readonly artifact: StoredArtifact;
}

/** Takes models in: first the artifact, verified and under its hash, then the version that refers to it. */
@Injectable()
export class ModelRegistration {
  constructor(
    private readonly artifacts: ModelArtifacts,
    private readonly objects: ObjectStore,
  ) {}

  /**
   * Verifies a local model.tar.gz and stores it. Keys begin with the model's id, so that deleting a model can't take an
   * artifact away from another.
   * @throws AppError INVALID_STATE for a damaged archive, UPSTREAM_FAILED if the store fails.
   */
  async store(modelId: string, archive: string): Promise<StoredArtifact> {
    const { manifest, sha256 } = await this.artifacts.verify(createReadStream(archive), 'that was made');
    const { size } = await stat(archive);
    const key = `${artifactPrefix(modelId)}${sha256}.tar.gz`;
    await this.objects.putFile(key, archive);
    return { key, sha256, bytes: size, manifest };
  }

  /** Adds a version; once an origin: asked again, it returns the version that is there. */
  async register(manager: EntityManager, { modelId, origin, artifact }: NewVersion): Promise<ModelVersion> {
    const model = await lockModel(manager, { id: modelId });
    const known = await manager.findOneBy(ModelVersion, origin);
    if (known) return known;
    const { manifest } = artifact;
    const { holdout } = manifest.metrics;
    const version = manager.create(ModelVersion, {
      id: uuidv7(),
      modelId,
      number: model.lastVersion + 1,
      algorithm: manifest.algorithm,
      ...origin,
      stage: 'CANDIDATE',
      artifactKey: artifact.key,
      artifactSha256: artifact.sha256,
      artifactBytes: artifact.bytes,
      signature: manifest.signature,
      metrics: manifest.metrics,
      manifest,
      passedFloors: missedFloors(model.task, model.gate, holdout, manifest.baseline.holdout).length === 0,
    });
    await manager.update(Model, { id: modelId }, { lastVersion: version.number });
    return manager.save(version);
  }
}

/** Where the artifacts of a model lie. */
export function artifactPrefix(modelId: string): string {
  return `models/${modelId}/`;
}
