import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AppError } from '../../errors/app-error.js';
import { answerInTime } from '../../platform/database/answer-in-time.js';
import { type AnsweredClaim, checkKey, type Claim, insertClaims, isKeyTaken } from './claim.js';

const HOUR_MS = 3_600_000;
const DELETED_ROWS = 10_000;

/** Requests that may come twice, and are answered as one: on all replicas, until they expire. */
@Injectable()
export class IdempotentRequests {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Pick<Config, 'IDEMPOTENCY_HOURS'>,
  ) {}

  /**
   * The answer given under this claim before, or that of `execute`, which keeps it with {@link answered} in the
   * transaction of what it does. Of several at the same time, one keeps its work, and all get its answer.
   * @throws AppError BAD_INPUT for a key that can't be one, CONFLICT for one used for something else.
   */
  async once<Answer>(claim: Claim, execute: () => Promise<Answer>): Promise<Answer> {
    checkKey(claim.key);
    const known = await this.find(claim);
    if (known !== undefined) return JSON.parse(known) as Answer;
    try {
      return await execute();
    } catch (error) {
      if (!isKeyTaken(error)) throw error;
      const winner = await this.find(claim);
      if (winner !== undefined) return JSON.parse(winner) as Answer;
      throw error;
    }
  }

  /** The claim with what is kept of it. @param answer as JSON. */
  answered(claim: Claim, answer: string): AnsweredClaim {
    const expiresAt = new Date(Date.now() + this.config.IDEMPOTENCY_HOURS * HOUR_MS);
    return { ...claim, answer, expiresAt };
  }

  /** Keeps the answer of something that may be done twice without harm. */
  async keep(claim: Claim, answer: object): Promise<void> {
    await insertClaims(this.dataSource.manager, [this.answered(claim, JSON.stringify(answer))]);
  }

  async dropExpired(): Promise<void> {
    let deleted = DELETED_ROWS;
    while (deleted === DELETED_ROWS) {
      [, deleted] = await this.dataSource.query<[unknown, number]>(
        `DELETE FROM idempotent_request WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM idempotent_request WHERE expires_at <= now() LIMIT $1))`,
        [DELETED_ROWS],
      );
    }
  }

  private async find({ callerId, key, sha256 }: Claim): Promise<string | undefined> {
    const [row] = await answerInTime(
      this.dataSource.query<{ request_sha256: Buffer; answer: string; expired: boolean }[]>(
        `SELECT request_sha256, answer, expires_at <= now() AS expired FROM idempotent_request
       WHERE caller_id = $1 AND key = $2`,
        [callerId, key],
      ),
    );
    if (!row) return undefined;
    if (row.expired) {
      await this.dataSource.query(
        `DELETE FROM idempotent_request WHERE caller_id = $1 AND key = $2 AND expires_at <= now()`,
        [callerId, key],
      );
      return undefined;
    }
    if (row.request_sha256.equals(sha256)) return row.answer;
    throw new AppError(
      'CONFLICT',
      'This idempotency key was used for another request. Send the same request to get its answer again, or take a new key.',
    );
  }
}
