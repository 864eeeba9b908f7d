import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager, In } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { v4 as uuidv4 } from 'uuid';
import { AppError } from '../../errors/app-error.js';
import type { ModelVersion } from '../../models/model-version.entity.js';
import type { Contest } from '../../models/promotion-contest.js';
import { JobQueue } from '../../platform/queue/job-queue.js';
import { askGateJob } from '../training.jobs.js';
import { registerVersionJob } from './registration.jobs.js';
import { ACTIVE_STATES } from './registration-state.js';
import { VersionRegistration } from './version-registration.entity.js';

/** The right to work on a registration, held by one worker at a time. */
export interface Lease {
  readonly registrationId: string;
  readonly lease: string;
}

/** What a registration says once its file is proven. */
export const REGISTERING = 'registering the version';

/** Registrations looked at in one go, the oldest first; the others have their turn when these have ended. */
const MOST_REQUEUED = 500;

/** The states of registrations in the database. */
@Injectable()
export class Registrations {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly queue: JobQueue,
  ) {}

  /** @throws AppError NOT_FOUND */
  async byId(id: string): Promise<VersionRegistration> {
    const registration = await this.dataSource.manager.findOneBy(VersionRegistration, { id });
    if (registration) return registration;
    throw new AppError(
      'NOT_FOUND',
      `There is no version registration ${id}. The query \`versionRegistrations\` lists them.`,
    );
  }

  /** Takes one up, also one that another worker left behind. Undefined if there is nothing left to do. */
  async takeUp(id: string): Promise<(Lease & { readonly registration: VersionRegistration }) | undefined> {
    const { manager } = this.dataSource;
    const lease = uuidv4();
    const { affected } = await manager.update(
      VersionRegistration,
      { id, state: In([...ACTIVE_STATES]) },
      {
        state: 'CHECKING',
        lease,
        attempts: () => 'attempts + 1',
        startedAt: () => 'coalesce(started_at, now())',
        message: 'checking the file',
      },
    );
    return affected === 1 ? { registrationId: id, lease, registration: await this.byId(id) } : undefined;
  }

  /** Says what is done. False if it was cancelled, or another worker took it up. */
  async report({ registrationId: id, lease }: Lease, message: string): Promise<boolean> {
    const { affected } = await this.dataSource.manager.update(VersionRegistration, { id, lease }, { message });
    return affected === 1;
  }

  /** Whether it is still this worker's: it was neither ended nor taken up by another one. */
  async holds({ registrationId: id, lease }: Lease): Promise<boolean> {
    return this.dataSource.manager.existsBy(VersionRegistration, { id, lease });
  }

  /** Gives it back unfinished, for the reason in `message`: that does not count as an attempt. */
  async handBack(held: Lease, message: string): Promise<void> {
    await this.change(held, { attempts: () => 'attempts - 1', lease: null, message });
  }

  /** Whoever works on it hears of it with the next report. False if it has ended. */
  async cancel(manager: EntityManager, id: string): Promise<boolean> {
    const cancelled: QueryDeepPartialEntity<VersionRegistration> = {
      state: 'CANCELLED',
      message: 'cancelled',
      ...ENDED,
    };
    const { affected } = await manager.update(VersionRegistration, { id, state: In([...ACTIVE_STATES]) }, cancelled);
    return affected === 1;
  }

  /** Ends it without a version. Nothing happens if another worker took it up. */
  async end(held: Lease, state: 'REFUSED' | 'FAILED', failure: string): Promise<void> {
    await this.change(held, { state, failure, message: state.toLowerCase(), ...ENDED });
  }

  /**
   * Ends it with the version that `register` adds, in one transaction, which also asks the gate where that is wanted.
   * Nothing happens if it was cancelled, or another worker took it up.
   */
  async complete(
    { registrationId: id, lease }: Lease,
    register: (manager: EntityManager) => Promise<ModelVersion>,
  ): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const where = { id, lease };
      const held = await manager.findOne(VersionRegistration, { where, lock: { mode: 'pessimistic_write' } });
      if (!held) return;
      const version = await register(manager);
      await manager.update(VersionRegistration, where, {
        state: 'REGISTERED',
        versionId: version.id,
        message: `version ${version.number}`,
        ...ENDED,
      });
      if (held.enterGate) await this.queue.enqueue(manager, askGateJob, id, { groupId: id });
    });
  }

  /** The version of a registration as a contest with nobody but the champion; undefined if there is none. */
  async contestOf(id: string): Promise<Contest | undefined> {
    const registration = await this.dataSource.manager.findOneBy(VersionRegistration, { id, state: 'REGISTERED' });
    if (!registration?.versionId) return undefined;
    const { modelId, datasetVersionId, versionId } = registration;
    return { id, modelId, datasetVersionId, versionIds: [versionId] };
  }

  /** How many of a model go on. */
  async countActive(manager: EntityManager, modelId: string): Promise<number> {
    return manager.countBy(VersionRegistration, { modelId, state: In([...ACTIVE_STATES]) });
  }

  /** Whether somebody still needs an uploaded file of a model. */
  async needs(modelId: string, fileSha256: string): Promise<boolean> {
    const where = { modelId, fileSha256, state: In([...ACTIVE_STATES]) };
    return this.dataSource.manager.existsBy(VersionRegistration, where);
  }

  /** Gives those that go on a job, where a worker that died silently left none. The queue drops what is there already. */
  async requeueStranded(): Promise<void> {
    const { manager } = this.dataSource;
    const active = await manager.find(VersionRegistration, {
      where: { state: In([...ACTIVE_STATES]) },
      select: { id: true },
      order: { id: 'ASC' },
      take: MOST_REQUEUED,
    });
    for (const { id } of active) await this.queue.enqueue(manager, registerVersionJob, id, { registrationId: id });
  }

  private async change(
    { registrationId: id, lease }: Lease,
    changes: QueryDeepPartialEntity<VersionRegistration>,
  ): Promise<void> {
    await this.dataSource.manager.update(VersionRegistration, { id, lease }, changes);
  }
}

const ENDED: QueryDeepPartialEntity<VersionRegistration> = { lease: null, finishedAt: () => 'now()' };
