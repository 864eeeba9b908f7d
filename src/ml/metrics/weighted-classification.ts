import { nextTurn } from '../statistics/next-turn.js';
import { calibrationBin, CALIBRATION_BINS } from './calibration.js';
import { mostProbable, rowBrierScores } from './classification.js';
import type { MetricName } from './evaluate.js';
import { logLosses } from './losses.js';
import { checkedLength, type Numbers } from './regression.js';
import type { WeightedMetrics, Weights } from './weighted-metrics.js';
import { WeightedRanking } from './weighted-ranking.js';

/** Each class beyond the second is a ranking of its own: with more of them, resampling would take minutes. */
const MAX_RANKED = 20;

/** The metrics of `classificationMetrics` on weighted rows. */
export class WeightedClassification implements WeightedMetrics {
  readonly names: readonly MetricName[] = [
    'logLoss',
    'accuracy',
    'balancedAccuracy',
    'f1Macro',
    'rocAuc',
    'prAuc',
    'brier',
    'ece',
  ];
  private readonly confidences: Float64Array;
  private readonly bins: Uint8Array;

  private constructor(
    private readonly codes: Int32Array,
    private readonly predicted: Int32Array,
    private readonly losses: Float64Array,
    private readonly briers: Float64Array,
    probabilities: Numbers,
    private readonly width: number,
    private readonly rankings: readonly WeightedRanking[],
    /** Of the rows as they are, where there are too many classes to rank again. */
    private ranked: [rocAuc: number, prAuc: number] | undefined,
  ) {
    this.confidences = Float64Array.from(predicted, (k, row) => probabilities[row * width + k]!);
    this.bins = Uint8Array.from(this.confidences, calibrationBin);
  }

  /** @throws RangeError if the lengths don't fit or there are no rows. */
  static async of(codes: Int32Array, probabilities: Numbers, width: number): Promise<WeightedClassification> {
    checkedLength(codes.length, probabilities.length / width);
    const ranked = width === 2 ? [1] : Array.from({ length: width }, (_, k) => k);
    const all = new Uint32Array(codes.length).fill(1);
    const rankings: WeightedRanking[] = [];
    const values: [number, number][] = [];
    for (const k of ranked) {
      const ranking = new WeightedRanking(codes, probabilities, width, k);
      if (ranked.length <= MAX_RANKED) rankings.push(ranking);
      else values.push(ranking.measure(all));
      await nextTurn();
    }
    const once = values.length > 0 ? meanRanking(values) : undefined;
    const predicted = mostProbable(probabilities, width);
    await nextTurn();
    const losses = logLosses(codes, probabilities, width);
    await nextTurn();
    const briers = rowBrierScores(codes, probabilities, width);
    await nextTurn();
    return new WeightedClassification(codes, predicted, losses, briers, probabilities, width, rankings, once);
  }

  get cost(): number {
    return this.codes.length * (2 + this.rankings.length);
  }

  measure(weights: Weights): Float64Array {
    const { codes, predicted, width } = this;
    const hits = new Float64Array(width);
    const actual = new Float64Array(width);
    const guessed = new Float64Array(width);
    const surplus = new Float64Array(CALIBRATION_BINS);
    let [rows, loss, brier] = [0, 0, 0];
    for (let row = 0; row < weights.length; row++) {
      const weight = weights[row]!;
      if (weight === 0) continue;
      const hit = codes[row] === predicted[row] ? weight : 0;
      rows += weight;
      loss += weight * this.losses[row]!;
      brier += weight * this.briers[row]!;
      hits[codes[row]!]! += hit;
      actual[codes[row]!]! += weight;
      guessed[predicted[row]!]! += weight;
      surplus[this.bins[row]!]! += hit - weight * this.confidences[row]!;
    }
    const { accuracy, balancedAccuracy, f1Macro } = classScores(hits, actual, guessed);
    const [rocAuc, prAuc] = this.rank(weights);
    const ece = surplus.reduce((sum, gap) => sum + Math.abs(gap), 0) / rows;
    return Float64Array.of(loss / rows, accuracy / rows, balancedAccuracy, f1Macro, rocAuc, prAuc, brier / rows, ece);
  }

  /** Values found once are those of the first measurement; no others are to be had. */
  private rank(weights: Weights): [rocAuc: number, prAuc: number] {
    if (this.rankings.length > 0) return meanRanking(this.rankings.map((ranking) => ranking.measure(weights)));
    const once = this.ranked ?? [NaN, NaN];
    this.ranked = undefined;
    return once;
  }
}

/** @param hits, actual, guessed weights by class. */
function classScores(hits: Float64Array, actual: Float64Array, guessed: Float64Array) {
  let [accuracy, recalls, occurring, f1s, seen] = [0, 0, 0, 0, 0];
  for (let k = 0; k < hits.length; k++) {
    accuracy += hits[k]!;
    if (actual[k]! + guessed[k]! === 0) continue;
    seen++;
    f1s += (2 * hits[k]!) / (actual[k]! + guessed[k]!);
    if (actual[k] === 0) continue;
    occurring++;
    recalls += hits[k]! / actual[k]!;
  }
  return { accuracy, balancedAccuracy: recalls / occurring, f1Macro: f1s / seen };
}

/** Mean of what is defined, as in `classificationMetrics`. */
function meanRanking(values: readonly (readonly [number, number])[]): [rocAuc: number, prAuc: number] {
  const mean = (at: 0 | 1) => {
    const defined = values.map((pair) => pair[at]).filter((value) => !Number.isNaN(value));
    return defined.reduce((sum, value) => sum + value, 0) / defined.length;
  };
  return [mean(0), mean(1)];
}
