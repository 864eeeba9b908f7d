import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AppError } from '../../errors/app-error.js';
import { FOREIGN } from '../../models/algorithm.js';
import { ObjectStore } from '../../platform/storage/object-store.js';
import { createLayout, type FolderContents, removeLayout } from '../backend/layout-folder.js';
import { LayoutProcess } from '../backend/layout-process.js';
import type { TrainingScript } from '../backend/training-backend.js';
import { type Layout, SPEC_FILE, TRAINING_ROWS_FILE, VALIDATION_ROWS_FILE } from '../container/layout.js';
import type { TrainingSpec } from '../container/order.js';
import { ACTIVE_STATES } from '../run-state.js';
import { TrainingRun } from '../training-run.entity.js';

/** Below it a folder a dataset version, and in that one a division of it. */
const DIVISIONS = 'training/divisions/';
/** How long a division is kept, from when it was made. */
const KEPT_MS = 86_400_000;

/**
 * What training scripts are given: the rows to train and to validate on, without those that are held out. A division
 * is named by what it follows from, so it is made once, and goes a day later, when no
 * training is under way that may need it; the next one makes it again.
 */
@Injectable()
export class ScriptChannels {
  constructor(
    private readonly store: ObjectStore,
    @InjectRepository(TrainingRun) private readonly runs: Repository<TrainingRun>,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * The keys of what a run's script reads.
   * @throws AppError INVALID_STATE with the reason if the data can't be divided.
   */
  async provide(
    runId: string,
    spec: TrainingSpec,
    fetchData: FolderContents['fetchData'],
    signal: AbortSignal,
  ): Promise<TrainingScript['channels']> {
    const folder = `${DIVISIONS}${spec.dataset.versionId}/${hashOf(spec)}/`;
    const channels = {
      training: `${folder}${TRAINING_ROWS_FILE}`,
      validation: `${folder}${VALIDATION_ROWS_FILE}`,
      spec: `${folder}${SPEC_FILE}`,
    };
    if (await this.store.stat(channels.spec)) return channels;
    const files = (layout: Layout) => ({ [join(layout.spec, SPEC_FILE)]: spec });
    const layout = await createLayout(runId, { files, fetchData }, signal);
    try {
      await this.divide(layout, signal);
      // The description comes last: where it lies, all do.
      for (const key of [channels.training, channels.validation, channels.spec])
        await this.store.putFile(key, join(layout.model, key.slice(folder.length)), signal);
      return channels;
    } finally {
      await removeLayout(layout);
    }
  }

  /** Removes the divisions whose time is over and that no training needs. */
  async collect(): Promise<void> {
    const folders = new Set<string>();
    for await (const { key, modifiedAt } of this.store.list(DIVISIONS))
      if (Date.now() - modifiedAt.getTime() >= KEPT_MS) folders.add(key.slice(0, key.lastIndexOf('/') + 1));
    for (const folder of folders) {
      const [datasetVersionId] = folder.slice(DIVISIONS.length).split('/');
      const users = { datasetVersionId, algorithm: FOREIGN, state: In([...ACTIVE_STATES]) } as const;
      if (await this.runs.existsBy(users)) continue;
      // The description goes first: where it lies, all do.
      for (const file of [SPEC_FILE, TRAINING_ROWS_FILE, VALIDATION_ROWS_FILE]) await this.store.delete(folder + file);
    }
  }

  private async divide(layout: Layout, signal: AbortSignal): Promise<void> {
    const child = new LayoutProcess('divide', layout, this.config);
    try {
      const end = await child.follow(signal);
      if (end.kind === 'FAILED') throw new AppError('INVALID_STATE', end.reason);
    } finally {
      await child.kill();
    }
  }
}

function hashOf(spec: TrainingSpec): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex');
}
