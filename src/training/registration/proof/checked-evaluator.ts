import { UnfitGraphError } from '../../../ml/onnx/model.js';
import type { Batch, Evaluator, EvaluatorInput, Scores } from '../../../ml/schema/evaluator.js';
import { AppError } from '../../../errors/app-error.js';

/** How far probabilities of one row may be from 1 in sum, and each of them outside [0, 1]: rounding of float32. */
const TOLERANCE = 1e-3;

/** An evaluator that nobody knows yet: what it answers is looked at before anything is made of it. */
export class CheckedEvaluator implements Evaluator {
  readonly inputs: readonly EvaluatorInput[];
  readonly width: number;
  readonly bytes: number;

  /** @throws UnfitGraphError if it does not give one score for each class, or one in all without classes. */
  constructor(
    private readonly inner: Evaluator,
    private readonly classes: readonly string[] | undefined,
  ) {
    this.inputs = inner.inputs;
    this.width = inner.width;
    this.bytes = inner.bytes;
    const expected = classes?.length ?? 1;
    if (inner.width === expected) return;
    throw new UnfitGraphError(
      classes
        ? `It gives ${inner.width} scores a row for the ${expected} classes ${classes.join(', ')}. Export the probabilities of all classes, in one output [None, ${expected}].`
        : `It gives ${inner.width} numbers a row, where a regression gives one.`,
    );
  }

  /** @throws UnfitGraphError for scores that are not finite, or no probabilities, and where the runtime fails. */
  async evaluate(batch: Batch): Promise<Scores> {
    const scores = await this.scoresOf(batch);
    const odd = scores.values.find((value) => !Number.isFinite(value));
    if (odd !== undefined) {
      throw new UnfitGraphError(
        `It gives ${odd} for some rows of the data. Missing values are the usual cause: export it with an imputer, or register it on data without them.`,
      );
    }
    if (this.classes) refuseOtherThanProbabilities(scores);
    return scores;
  }

  dispose(): void | Promise<void> {
    return this.inner.dispose();
  }

  private async scoresOf(batch: Batch): Promise<Scores> {
    try {
      return await this.inner.evaluate(batch);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      const [line] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
      throw new UnfitGraphError(`ONNX Runtime fails on rows of the data: ${line!.slice(0, 400)}`, { cause });
    }
  }
}

function refuseOtherThanProbabilities({ rows, width, values }: Scores): void {
  for (let row = 0; row < rows; row++) {
    const scores = values.subarray(row * width, (row + 1) * width);
    const sum = scores.reduce((total, score) => total + score, 0);
    const outside = scores.some((score) => score < -TOLERANCE || score > 1 + TOLERANCE);
    if (!outside && Math.abs(sum - 1) <= TOLERANCE) continue;
    throw new UnfitGraphError(
      `Its scores are no probabilities: those of one row are ${[...scores].map((score) => score.toPrecision(4)).join(', ')}. Export probabilities; in PyTorch, end the network in a Softmax.`,
    );
  }
}
