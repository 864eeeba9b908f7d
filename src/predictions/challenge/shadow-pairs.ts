import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { OutcomeValue } from '../outcomes/outcome.entity.js';
import { lowestPredictionId } from '../prediction-id.js';
import type { PredictionOutput } from '../prediction.entity.js';

/** A row that was answered by the champion and scored by the challenger, and what happened then. */
export interface ShadowPair {
  readonly champion: PredictionOutput;
  readonly challenger: PredictionOutput;
  readonly outcome: OutcomeValue;
}

/** Rows answered from `from` to before `to`. */
export interface PairWindow {
  readonly championId: string;
  readonly challengerId: string;
  readonly from: Date;
  readonly to: Date;
}

export interface PairSizes {
  readonly pairs: number;
  readonly withOutcome: number;
}

export interface Draw {
  readonly seed: number;
  readonly rows: number;
}

interface DrawnPair {
  readonly id: string;
  readonly shadow_of: string;
  readonly value: OutcomeValue;
}

/** Pairs read at once: parsing the JSON of more would hold up the event loop. */
const BATCH_ROWS = 500;

/** Shadows are younger than what they are of, which bounds the partitions; that of a deleted day finds no partner. */
const SHADOWS = `FROM prediction AS shadow
  WHERE shadow.version_id = $1 AND shadow.id >= $2 AND shadow.shadow_of >= $2 AND shadow.shadow_of < $3`;

/** Reads shadows together with the predictions that they are of. */
@Injectable()
export class ShadowPairs {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async sizes(window: PairWindow): Promise<PairSizes> {
    const [row] = await this.dataSource.query<[{ pairs: string; with_outcome: string }]>(
      `SELECT count(*) AS pairs,
         count(*) FILTER (WHERE EXISTS (SELECT FROM outcome WHERE prediction_id = shadow.shadow_of)) AS with_outcome
       ${SHADOWS}`,
      boundsOf(window),
    );
    return { pairs: Number(row.pairs), withOutcome: Number(row.with_outcome) };
  }

  /** Share of at most so many pairs, drawn at random, in which both gave the same value; null without pairs. */
  async agreement(window: PairWindow, { seed, rows }: Draw): Promise<number | null> {
    const [row] = await this.dataSource.query<[{ share: number | null }]>(
      `WITH drawn AS MATERIALIZED (
         SELECT shadow.shadow_of, shadow.output -> 'value' AS value ${SHADOWS}
         ORDER BY uuid_hash_extended(shadow.shadow_of, $4) LIMIT $5)
       SELECT (avg((answered.output -> 'value' = drawn.value)::int))::float8 AS share
       FROM drawn JOIN prediction AS answered ON answered.id = drawn.shadow_of
       WHERE answered.version_id = $6 AND answered.id >= $2 AND answered.id < $3`,
      [...boundsOf(window), seed, rows, window.championId],
    );
    return row.share;
  }

  /** At most so many pairs with an outcome, drawn at random: the same ones for the same seed. */
  async sample(window: PairWindow, { seed, rows }: Draw): Promise<ShadowPair[]> {
    const drawn = await this.dataSource.query<DrawnPair[]>(
      `SELECT shadow.id, shadow.shadow_of, outcome.value
       FROM (SELECT shadow.id, shadow.shadow_of ${SHADOWS}) AS shadow
       JOIN outcome ON outcome.prediction_id = shadow.shadow_of
       ORDER BY uuid_hash_extended(shadow.shadow_of, $4) LIMIT $5`,
      [...boundsOf(window), seed, rows],
    );
    drawn.sort((a, b) => (a.shadow_of < b.shadow_of ? -1 : 1));
    const pairs: ShadowPair[] = [];
    for (let start = 0; start < drawn.length; start += BATCH_ROWS) {
      pairs.push(...(await this.outputsOf(window, drawn.slice(start, start + BATCH_ROWS))));
    }
    return pairs;
  }

  private async outputsOf({ championId }: PairWindow, drawn: readonly DrawnPair[]): Promise<ShadowPair[]> {
    const answered = drawn.map(({ shadow_of }) => shadow_of);
    const shadows = drawn.map(({ id }) => id).sort();
    const rows = await this.dataSource.query<(Omit<ShadowPair, 'outcome'> & { id: string })[]>(
      `SELECT shadow.id, shadow.output AS challenger, answered.output AS champion
       FROM prediction AS shadow JOIN prediction AS answered ON answered.id = shadow.shadow_of
       WHERE shadow.id = ANY ($1) AND shadow.id BETWEEN $2 AND $3
         AND answered.id = ANY ($4) AND answered.id BETWEEN $5 AND $6 AND answered.version_id = $7`,
      [shadows, shadows[0], shadows.at(-1), answered, answered[0], answered.at(-1), championId],
    );
    const found = new Map(rows.map((row) => [row.id, row]));
    return drawn.flatMap(({ id, value: outcome }) => {
      const pair = found.get(id);
      return pair ? [{ champion: pair.champion, challenger: pair.challenger, outcome }] : [];
    });
  }
}

function boundsOf({ challengerId, from, to }: PairWindow): [challenger: string, from: string, to: string] {
  return [challengerId, lowestPredictionId(from), lowestPredictionId(to)];
}
