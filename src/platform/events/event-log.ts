import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { JobQueue } from '../queue/job-queue.js';
import type { EventKind } from './event-kind.js';
import { dispatchEventJob } from './events.jobs.js';
import { LoggedEvent } from './logged-event.entity.js';

export interface EventRecord {
  readonly kind: EventKind;
  readonly modelId: string | null;
  readonly modelName: string | null;
  /** What the event is about: a drift report, a retraining, an entry of the ledger. */
  readonly subjectId: string | null;
  /** Small: ids, numbers and texts. It leaves the installation, so never rows of data. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What happened, for those who want to be told. */
@Injectable()
export class EventLog {
  constructor(private readonly queue: JobQueue) {}

  /**
   * Adds an event to the transaction of `manager`: it is told if, and only if, what it speaks of was committed.
   * @returns the id of the event.
   */
  async record(manager: EntityManager, event: EventRecord): Promise<string> {
    const id = uuidv7();
    await manager.insert(LoggedEvent, { id, ...event, payload: { ...event.payload } });
    await this.queue.enqueue(manager, dispatchEventJob, id, { eventId: id });
    return id;
  }
}
