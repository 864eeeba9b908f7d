import type { Heartbeat } from '../heartbeat.js';
import type { KeptTrees } from '../trees/kept-trees.js';
import type { Tree } from '../trees/tree.js';
import { Crew } from './crew.js';
import { type GrowthLimits, type GrownTree, TreeGrower } from './grow-tree.js';
import { type SharedState, type Views, viewsOf } from './shared-state.js';

export interface BoostOptions extends GrowthLimits {
  readonly rounds: number;
  readonly learningRate: number;
  /** Rounds without a lower loss on the validation rows after which boosting stops. */
  readonly patience: number;
  /** Ascending. Without validation rows all rounds are run. */
  readonly validation: Uint32Array;
  readonly keptTrees?: KeptTrees;
  readonly workerUrl?: URL;
  readonly heartbeat: Heartbeat;
}

export interface Boosted {
  /** Round by round, a tree for each output. Leaves hold raw scores, the learning rate included. */
  readonly trees: readonly Tree[];
  /** The constant that the trees' scores are added to, by output. */
  readonly base: Float64Array;
}

/**
 * Gradient boosting (Friedman 2001) with second-order leaves (Chen and Guestrin 2016).
 * @param state with codes, truth, weights and train rows filled in.
 */
export async function boost(state: SharedState, options: BoostOptions): Promise<Boosted> {
  const crew = new Crew(state, options.workerUrl);
  try {
    return await new Rounds(state, options, crew).run();
  } finally {
    await crew.close();
  }
}

/** Improvements below this share of the loss do not count. */
const TOLERANCE = 1e-7;
/** Without validation rows, the loss that people see comes from that many train rows. */
const WATCHED_ROWS = 8192;

class Rounds {
  private readonly trees: Tree[] = [];
  private readonly base: Float64Array;
  private readonly views: Views;
  private readonly grower: TreeGrower;

  constructor(
    private readonly state: SharedState,
    private readonly options: BoostOptions,
    private readonly crew: Crew,
  ) {
    this.views = viewsOf(state);
    this.base = crew.runner.objective.base();
    this.views.scores.forEach((scores, output) => scores.fill(this.base[output]!));
    this.grower = new TreeGrower(state, crew, options);
  }

  async run(): Promise<Boosted> {
    const { rounds, patience, heartbeat, validation } = this.options;
    const stopsEarly = validation.length > 0;
    const watched = stopsEarly ? validation : spreadOut(this.views.train, WATCHED_ROWS);
    let lowest = Infinity;
    let kept = 0;
    for (let round = 1; round <= rounds; round++) {
      if (!(await this.repeat())) await this.round();
      if (this.crew.failure) throw this.crew.failure;
      const loss = this.crew.runner.objective.loss(watched);
      const improves = loss < lowest - TOLERANCE * Math.abs(lowest) || round === 1;
      if (improves) {
        lowest = loss;
        kept = round;
      }
      await heartbeat.report({ done: round, total: rounds, message: `round ${round} of ${rounds}`, loss });
      if (stopsEarly && round - kept >= patience) break;
    }
    const length = stopsEarly ? kept * this.views.scores.length : this.trees.length;
    return { trees: this.trees.slice(0, length), base: this.base };
  }

  /** Adds the trees of the next round, if an earlier attempt kept them all. */
  private async repeat(): Promise<boolean> {
    const { outputs } = this.state.shape;
    const trees = Array.from({ length: outputs }, (_, k) => this.options.keptTrees?.kept.get(this.trees.length + k));
    if (!trees.every((tree) => tree !== undefined)) return false;
    for (const [output, tree] of trees.entries()) {
      const scores = this.views.scores[output]!;
      for (let row = 0; row < scores.length; row++) scores[row]! += tree.values[this.leafOf(tree, row)]!;
      this.trees.push(tree);
      await this.options.heartbeat.beat();
    }
    return true;
  }

  private async round(): Promise<void> {
    const { crew } = this;
    const { rows, outputs } = this.state.shape;
    crew.runner.objective.begin();
    if (outputs > 1) crew.run('PREPARE', 0, rows);
    for (let output = 0; output < outputs; output++) {
      crew.run('DERIVE', 0, rows, output);
      this.add(this.grower.grow(), output);
      await this.options.heartbeat.beat();
    }
  }

  /** Shrinks a tree and adds its scores to those of all rows: trained ones by their leaves, others by descent. */
  private add({ tree, leaves }: GrownTree, output: number): void {
    const { leafStarts, leafValues } = this.views;
    const { trainRows } = this.state.shape;
    for (let node = 0; node < tree.values.length; node++) tree.values[node]! *= this.options.learningRate;
    const inOrder = leaves.toSorted((a, b) => a.start - b.start);
    leafStarts.fill(trainRows);
    inOrder.forEach(({ node, start }, leaf) => {
      leafStarts[leaf] = start;
      leafValues[leaf] = tree.values[node]!;
    });
    this.crew.run('APPLY', 0, trainRows, output);
    const scores = this.views.scores[output]!;
    for (const row of this.options.validation) scores[row]! += tree.values[this.leafOf(tree, row)]!;
    const index = this.trees.push(tree) - 1;
    this.options.keptTrees?.keep(index, tree);
  }

  private leafOf({ column, bin, missingLeft, left }: Tree, row: number): number {
    const { bins } = this.state.shape;
    let node = 0;
    while (column[node]! >= 0) {
      const code = this.views.columns[column[node]!]![row]!;
      const isMissing = code === bins[column[node]!];
      const goesLeft = isMissing ? missingLeft[node] === 1 : code <= bin[node]!;
      node = left[node]! + (goesLeft ? 0 : 1);
    }
    return node;
  }
}

/** At most `count` of the rows, evenly spaced. */
function spreadOut(rows: Uint32Array, count: number): Uint32Array {
  const step = Math.max(1, rows.length / count);
  return Uint32Array.from({ length: Math.min(count, rows.length) }, (_, i) => rows[Math.floor(i * step)]!);
}
