import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { type Change, CHANGE_CHANNEL, type ChangeTopic } from './change.js';

/** Announces changed rows to all processes. They hear of it with the commit, and not at all without one. */
@Injectable()
export class ChangeFeed {
  /** Adds an announcement to the transaction of `manager`. PostgreSQL tells equal ones of a transaction once. */
  async publish(manager: EntityManager, topic: ChangeTopic, { id, modelId }: Omit<Change, 'topic'>): Promise<void> {
    await manager.query('SELECT pg_notify($1, $2)', [CHANGE_CHANNEL, JSON.stringify({ topic, id, modelId })]);
  }
}
