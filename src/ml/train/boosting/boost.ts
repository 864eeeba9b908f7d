import type { Heartbeat } from '../heartbeat.js';
import type { Tree } from '../trees/tree.js';
import { type GrowthLimits, type GrownTree, TreeGrower } from './grow-tree.js';
import type { BinnedTable } from './histogram.js';
import { HistogramFiller } from './histogram-filler.js';
import type { Objective, RawScores } from './objective.js';

export interface BoostOptions extends GrowthLimits {
  readonly rounds: number;
  readonly learningRate: number;
  /** Rounds without a lower loss on the validation rows after which boosting stops. */
  readonly patience: number;
  readonly threads: number;
  readonly workerUrl?: URL;
  readonly heartbeat: Heartbeat;
}

/** Row numbers, ascending. Without validation rows all rounds are run. */
export interface BoostRows {
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

export interface Boosted {
  /** Round by round, a tree for each output. Leaves hold raw scores, the learning rate included. */
  readonly trees: readonly Tree[];
  /** The constant that the trees' scores are added to, by output. */
  readonly base: Float64Array;
}

/** Gradient boosting (Friedman 2001) with second-order leaves (Chen and Guestrin 2016). */
export async function boost(
  table: BinnedTable,
  objective: Objective,
  rows: BoostRows,
  options: BoostOptions,
): Promise<Boosted> {
  const { threads, workerUrl, leaves } = options;
  const filler = new HistogramFiller(table, rows.train.length, {
    slots: leaves,
    threads,
    ...(workerUrl && { workerUrl }),
  });
  try {
    return await new Rounds(table, objective, rows, options, filler).run();
  } finally {
    await filler.close();
  }
}

/** Improvements below this share of the loss do not count. */
const TOLERANCE = 1e-7;

class Rounds {
  private readonly trees: Tree[] = [];
  private readonly base: Float64Array;
  private readonly scores: RawScores;
  private readonly grower: TreeGrower;

  constructor(
    private readonly table: BinnedTable,
    private readonly objective: Objective,
    private readonly rows: BoostRows,
    private readonly options: BoostOptions,
    private readonly filler: HistogramFiller,
  ) {
    this.base = objective.base(rows.train);
    const length = rows.train.length + rows.validation.length;
    this.scores = Array.from(this.base, (score) => new Float64Array(length).fill(score));
    this.grower = new TreeGrower(table, filler, options);
  }

  async run(): Promise<Boosted> {
    const { rounds, patience, heartbeat } = this.options;
    const watched = this.rows.validation.length > 0 ? this.rows.validation : this.rows.train;
    let lowest = Infinity;
    let kept = 0;
    for (let round = 1; round <= rounds; round++) {
      await this.round();
      if (this.filler.failure) throw this.filler.failure;
      const loss = this.objective.loss(this.scores, watched);
      const improves = loss < lowest - TOLERANCE * Math.abs(lowest) || round === 1;
      if (improves) {
        lowest = loss;
        kept = round;
      }
      await heartbeat.report({ done: round, total: rounds, message: `round ${round} of ${rounds}`, loss });
      if (this.rows.validation.length > 0 && round - kept >= patience) break;
    }
    const length = this.rows.validation.length > 0 ? kept * this.objective.outputs : this.trees.length;
    return { trees: this.trees.slice(0, length), base: this.base };
  }

  private async round(): Promise<void> {
    const { objective, scores, rows, filler } = this;
    objective.prepare(scores, rows.train);
    for (const [output, ofOutput] of scores.entries()) {
      const { ordered } = filler;
      ordered.rows.set(rows.train);
      objective.differentiate(ofOutput, output, rows.train, ordered.gradient, ordered.hessian);
      this.add(this.grower.grow(), ofOutput);
      await this.options.heartbeat.beat();
    }
  }

  /** Shrinks a tree and adds its scores to those of all rows: trained ones by their leaves, others by descent. */
  private add({ tree, leaves }: GrownTree, scores: Float64Array): void {
    for (let node = 0; node < tree.values.length; node++) tree.values[node]! *= this.options.learningRate;
    const { rows } = this.filler.ordered;
    for (const { node, start, end } of leaves) {
      const value = tree.values[node]!;
      for (let i = start; i < end; i++) scores[rows[i]!]! += value;
    }
    for (const row of this.rows.validation) scores[row]! += tree.values[this.leafOf(tree, row)]!;
    this.trees.push(tree);
  }

  private leafOf({ column, bin, missingLeft, left }: Tree, row: number): number {
    let node = 0;
    while (column[node]! >= 0) {
      const code = this.table.columns[column[node]!]![row]!;
      const isMissing = code === this.table.bins[column[node]!];
      const goesLeft = isMissing ? missingLeft[node] === 1 : code <= bin[node]!;
      node = left[node]! + (goesLeft ? 0 : 1);
    }
    return node;
  }
}
