import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Signature } from '../../ml/schema/signature.js';
import type { VersionAlgorithm } from '../../models/algorithm.js';
import type { Evaluations, Reference } from '../../models/artifact/manifest.js';

/** What watching needs to know of a version. */
export interface WatchedVersion {
  readonly id: string;
  readonly number: number;
  readonly algorithm: VersionAlgorithm;
  readonly signature: Signature;
  readonly metrics: Evaluations;
  readonly reference: Reference;
  readonly artifactKey: string;
  readonly artifactSha256: string;
  readonly createdAt: Date;
}

/** A time during which a version was champion. */
export interface Reign {
  readonly versionId: string;
  readonly since: Date;
  /** Null: it still is. */
  readonly until: Date | null;
}

interface VersionRow {
  readonly id: string;
  readonly number: number;
  readonly algorithm: VersionAlgorithm;
  readonly signature: Signature;
  readonly metrics: Evaluations;
  readonly reference: Reference;
  readonly artifact_key: string;
  readonly artifact_sha256: string;
  readonly created_at: Date;
}

/** Who served when, from the promotion ledger. */
@Injectable()
export class Champions {
  /** The champion of the moment; undefined if there is none. */
  async present(
    manager: EntityManager,
    modelId: string,
  ): Promise<{ version: WatchedVersion; since: Date } | undefined> {
    const [row] = await manager.query<{ id: string; created_at: Date }[]>(
      `SELECT id, created_at FROM model_version WHERE model_id = $1 AND stage = 'CHAMPION'`,
      [modelId],
    );
    if (!row) return undefined;
    const [entry] = await manager.query<{ version_id: string; created_at: Date }[]>(
      `SELECT version_id, created_at FROM promotion
       WHERE model_id = $1 AND action IN ('PROMOTED', 'ROLLED_BACK') ORDER BY id DESC LIMIT 1`,
      [modelId],
    );
    const since = entry?.version_id === row.id ? entry.created_at : row.created_at;
    const version = await this.version(manager, row.id);
    return version && { version, since };
  }

  /** All reigns of a model that overlap [from, to), in order. */
  async reigns(manager: EntityManager, modelId: string, from: Date, to: Date): Promise<Reign[]> {
    const present = await this.present(manager, modelId);
    const entries = await manager.query<{ version_id: string; created_at: Date }[]>(
      `SELECT version_id, created_at FROM promotion
       WHERE model_id = $1 AND action IN ('PROMOTED', 'ROLLED_BACK') ORDER BY id`,
      [modelId],
    );
    const starts = entries.map((entry) => ({ versionId: entry.version_id, since: entry.created_at }));
    if (present && starts.at(-1)?.versionId !== present.version.id) {
      starts.push({ versionId: present.version.id, since: present.since });
    }
    return starts
      .map((start, index) => ({ ...start, until: starts[index + 1]?.since ?? null }))
      .filter(({ since, until }) => since < to && (until === null || until > from));
  }

  /** @returns undefined if it was deleted. */
  async version(manager: EntityManager, id: string): Promise<WatchedVersion | undefined> {
    const [row] = await manager.query<VersionRow[]>(
      `SELECT id, number, algorithm, signature, metrics, manifest -> 'reference' AS reference, artifact_key,
         artifact_sha256, created_at
       FROM model_version WHERE id = $1`,
      [id],
    );
    if (!row) return undefined;
    const { artifact_key: artifactKey, artifact_sha256: artifactSha256, created_at: createdAt, ...others } = row;
    return { ...others, artifactKey, artifactSha256, createdAt };
  }
}
