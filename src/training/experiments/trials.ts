import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { EntityManager, In, Repository, type SelectQueryBuilder } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { MAX_PAGE, type Page, type PageArgs } from '../../platform/graphql/pagination.js';
import type { TrialEvent, TrialLine } from '../container/trial-line.js';
import { Trial, type TrialResult } from './trial.entity.js';

/** Best first: what got furthest, with the lowest loss there; the earlier one on a tie. */
function byRank(query: SelectQueryBuilder<Trial>): SelectQueryBuilder<Trial> {
  return query.addOrderBy('trial.rung', 'DESC').addOrderBy('trial.loss', 'ASC').addOrderBy('trial.number', 'ASC');
}

/** Reads the trials of experiments. */
@Injectable()
export class Trials {
  constructor(@InjectRepository(Trial) private readonly trials: Repository<Trial>) {}

  async ofExperiment(experimentId: string): Promise<Trial[]> {
    return this.trials.find({ where: { experimentId }, order: { number: 'ASC' } });
  }

  /** The best trial by experiment id, of those that were scored. */
  async bestOf(experimentIds: readonly string[]): Promise<Map<string, Trial>> {
    const query = this.trials
      .createQueryBuilder('trial')
      .distinctOn(['trial.experiment_id'])
      .where({ experimentId: In([...experimentIds]) })
      .andWhere('trial.rung >= 0')
      .orderBy('trial.experiment_id');
    const best = await byRank(query).getMany();
    return new Map(best.map((trial) => [trial.experimentId, trial]));
  }

  /** One page of the trials of an experiment, the best first, or in the order of their numbers. */
  async page(experimentId: string, order: 'BEST' | 'NUMBER', { first, after }: PageArgs): Promise<Page<Trial>> {
    if (!Number.isInteger(first) || first < 1 || first > MAX_PAGE) {
      throw new AppError('BAD_INPUT', `first must be between 1 and ${MAX_PAGE}; got ${first}.`);
    }
    const query = this.trials.createQueryBuilder('trial').where({ experimentId });
    const place = isGiven(after) ? placeOf(after) : undefined;
    if (order === 'NUMBER') {
      if (place) query.andWhere('trial.number > :number', place);
      query.orderBy('trial.number', 'ASC');
    } else {
      if (place)
        query.andWhere('(-trial.rung, trial.loss, trial.number) > (-:rung::int, :loss::float8, :number)', place);
      byRank(query);
    }
    const rows = await query.take(first + 1).getMany();
    const nodes = rows.slice(0, first);
    const last = nodes.at(-1);
    return { nodes, pageInfo: { hasNextPage: rows.length > first, endCursor: last ? cursorOf(last) : null } };
  }
}

/** Writes what a search told of a trial. A line that was written already changes nothing. */
export async function recordTrial(manager: EntityManager, experimentId: string, line: TrialLine): Promise<void> {
  if (line.event === 'STARTED') return recordStart(manager, experimentId, line);
  if (line.event === 'SCORED') return recordScore(manager, experimentId, line);
  await failTrial(manager, { experimentId, ...line });
}

async function recordStart(
  manager: EntityManager,
  experimentId: string,
  { number, rung, algorithm, hyperparameters }: TrialEvent<'STARTED'>,
): Promise<void> {
  await manager.query(
    `INSERT INTO trial (experiment_id, number, algorithm, hyperparameters, state) VALUES ($1, $2, $3, $4, 'RUNNING')
     ON CONFLICT (experiment_id, number) DO UPDATE SET state = 'RUNNING' WHERE trial.state <> 'FAILED' AND trial.rung < $5`,
    [experimentId, number, algorithm, JSON.stringify(hyperparameters), rung],
  );
}

async function recordScore(
  manager: EntityManager,
  experimentId: string,
  { number, rung, rows, seconds, score, loss, scores }: TrialEvent<'SCORED'>,
): Promise<void> {
  const result: TrialResult = { rung, rows, score, loss, scores, seconds };
  await manager.query(
    `UPDATE trial SET state = 'SCORED', rung = $3, loss = $4, seconds = seconds + $5, results = results || $6::jsonb
     WHERE experiment_id = $1 AND number = $2 AND rung < $3`,
    [experimentId, number, rung, loss, seconds, JSON.stringify([result])],
  );
}

export async function failTrial(
  manager: EntityManager,
  trial: { readonly experimentId: string; readonly number: number; readonly seconds: number; readonly failure: string },
): Promise<void> {
  await manager.query(
    `UPDATE trial SET state = 'FAILED', failure = $3, seconds = seconds + $4
     WHERE experiment_id = $1 AND number = $2 AND state <> 'FAILED'`,
    [trial.experimentId, trial.number, trial.failure, trial.seconds],
  );
}

/** Ends what runs when the search ends: it is as good as it was before. */
export async function settleTrials(manager: EntityManager, experimentId: string): Promise<void> {
  await manager.query(
    `UPDATE trial SET state = CASE WHEN rung < 0 THEN 'STOPPED' ELSE 'SCORED' END
     WHERE experiment_id = $1 AND state = 'RUNNING'`,
    [experimentId],
  );
}

/** The place in both orders, so that a cursor stays right while trials change their rank. */
function cursorOf({ rung, loss, number }: Trial): string {
  return Buffer.from([rung, loss, number].join(' ')).toString('base64url');
}

function placeOf(cursor: string): { rung: number; loss: number; number: number } {
  const [rung, loss, number, ...rest] = Buffer.from(cursor, 'base64url').toString().split(' ').map(Number);
  const isPlace = Number.isInteger(rung) && Number.isInteger(number) && !Number.isNaN(loss) && rest.length === 0;
  if (isPlace) return { rung: rung!, loss: loss!, number: number! };
  throw new AppError('BAD_INPUT', 'after is no cursor of this list. Use an `endCursor` as it came.');
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}
