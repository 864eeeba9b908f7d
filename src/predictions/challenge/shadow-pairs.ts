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

interface DrawnShadow {
  readonly id: string;
  readonly shadow_of: string;
}

type LabelledShadow = DrawnShadow & { readonly value: OutcomeValue };

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
    const drawn = await this.dataSource.query<DrawnShadow[]>(
      `SELECT shadow.id, shadow.shadow_of ${SHADOWS} ORDER BY uuid_hash_extended(shadow.shadow_of, $4) LIMIT $5`,
      [...boundsOf(window), seed, rows],
    );
    let pairs = 0;
    let agreeing = 0;
    for await (const { champion, challenger } of this.pairsOf(window, drawn)) {
      pairs++;
      if (champion.value === challenger.value) agreeing++;
    }
    return pairs === 0 ? null : agreeing / pairs;
  }

  /** At most so many pairs with an outcome, drawn at random: the same ones for the same seed. */
  async sample(window: PairWindow, { seed, rows }: Draw): Promise<ShadowPair[]> {
    const drawn = await this.dataSource.query<LabelledShadow[]>(
      `SELECT shadow.id, shadow.shadow_of, outcome.value
       FROM (SELECT shadow.id, shadow.shadow_of ${SHADOWS}) AS shadow
       JOIN outcome ON outcome.prediction_id = shadow.shadow_of
       ORDER BY uuid_hash_extended(shadow.shadow_of, $4) LIMIT $5`,
      [...boundsOf(window), seed, rows],
    );
    const pairs: ShadowPair[] = [];
    for await (const { champion, challenger, shadow } of this.pairsOf(window, drawn)) {
      pairs.push({ champion, challenger, outcome: shadow.value });
    }
    return pairs;
  }

  /** In the order of what was answered. By id alone: a join of the log with itself is slow without fresh statistics. */
  private async *pairsOf<Shadow extends DrawnShadow>(
    { championId }: PairWindow,
    drawn: Shadow[],
  ): AsyncGenerator<{ champion: PredictionOutput; challenger: PredictionOutput; shadow: Shadow }> {
    drawn.sort((a, b) => (a.shadow_of < b.shadow_of ? -1 : 1));
    for (let start = 0; start < drawn.length; start += BATCH_ROWS) {
      const batch = drawn.slice(start, start + BATCH_ROWS);
      const ids = batch.flatMap(({ id, shadow_of }) => [id, shadow_of]).sort();
      const rows = await this.dataSource.query<{ id: string; version_id: string; output: PredictionOutput }[]>(
        'SELECT id, version_id, output FROM prediction WHERE id = ANY ($1) AND id BETWEEN $2 AND $3',
        [ids, ids[0], ids.at(-1)],
      );
      const found = new Map(rows.map((row) => [row.id, row]));
      for (const shadow of batch) {
        const champion = found.get(shadow.shadow_of);
        const challenger = found.get(shadow.id);
        if (!challenger || champion?.version_id !== championId) continue;
        yield { champion: champion.output, challenger: challenger.output, shadow };
      }
    }
  }
}

function boundsOf({ challengerId, from, to }: PairWindow): [challenger: string, from: string, to: string] {
  return [challengerId, lowestPredictionId(from), lowestPredictionId(to)];
}
