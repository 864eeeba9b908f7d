import type { OutsideShare } from '../../ml/statistics/estimate/outside-training.js';

/** What an estimate of quality without outcomes rests on. */
export interface EstimateEvidence {
  readonly predictions: number;
  /** Rows that were held out in training. */
  readonly holdoutRows: number;
  /** The feature that most left the range of the training; undefined if nothing is known about any. */
  readonly outside: OutsideShare | undefined;
  readonly method:
    | { readonly name: 'CBPE'; /** Expected calibration error on the holdout. */ readonly ece: number | null }
    | {
        readonly name: 'ERROR_MODEL';
        /** Whether the artifact holds the errors by prediction. */ readonly known: boolean;
      };
}

/** Fewer predictions tell little about the next ones. */
const MIN_PREDICTIONS = 50;
/** Fewer rows don't show whether probabilities or errors are right. */
const MIN_HOLDOUT = 100;
/** An estimated accuracy is wrong by up to the calibration error. */
const MAX_CALIBRATION_ERROR = 0.05;
/** On rows outside of the training's range, neither probabilities nor errors were ever checked. */
const MAX_OUTSIDE = 0.05;

/** Why there can be no estimate; null if its assumptions hold as far as that can be seen without outcomes. */
export function refusalOf({ predictions, holdoutRows, outside, method }: EstimateEvidence): string | null {
  if (predictions < MIN_PREDICTIONS)
    return `There are ${predictions} predictions; an estimate takes ${MIN_PREDICTIONS}.`;
  if (method.name === 'ERROR_MODEL' && !method.known) {
    return "The version's artifact does not hold its errors by size of the prediction: train a version anew to have them.";
  }
  if (holdoutRows < MIN_HOLDOUT) {
    return `The holdout has ${holdoutRows} rows, too few to rely on: it takes ${MIN_HOLDOUT}.`;
  }
  if (method.name === 'CBPE' && !(method.ece !== null && method.ece <= MAX_CALIBRATION_ERROR)) {
    const error = method.ece === null ? 'unknown' : method.ece.toFixed(3);
    return `The probabilities are not calibrated: their expected calibration error on the holdout is ${error}, more than ${MAX_CALIBRATION_ERROR}.`;
  }
  if (outside && outside.share > MAX_OUTSIDE) {
    return `In ${percent(outside.share)} of the predictions, ${outside.name} lies outside of what the training saw, more than ${percent(MAX_OUTSIDE)}.`;
  }
  return null;
}

/** What has to be true for an estimate to be right, in words, with what is known about it. */
export function assumptionsOf({ holdoutRows, outside, method }: EstimateEvidence): string[] {
  const range = outside ? `, at most in ${percent(outside.share)} (${outside.name}) here` : '';
  return [
    method.name === 'CBPE'
      ? `Probabilities are as right here as on the ${holdoutRows} rows of the holdout, where they were off by ${(method.ece ?? NaN).toFixed(3)} (expected calibration error).`
      : `Errors of predictions of a size are as large as on the ${holdoutRows} rows of the holdout.`,
    `Hardly any rows lie outside of what the training saw${range}.`,
    'What is predicted depends on the features as it did in training. If that has changed, only outcomes can show it.',
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
