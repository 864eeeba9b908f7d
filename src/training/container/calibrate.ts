import { classificationMetrics } from '../../ml/metrics/classification.js';
import { reliabilityCurve } from '../../ml/metrics/reliability.js';
import { compile } from '../../ml/onnx/compile.js';
import { decodeModel } from '../../ml/onnx/decode.js';
import { appendCalibrator } from '../../ml/train/calibration/append.js';
import { settledRows } from '../../ml/train/calibration/calibrator.js';
import { chooseCalibration, type CalibrationChoice } from '../../ml/train/calibration/choose.js';
import { selectRows, type ClassTarget, type TrainingTable } from '../../ml/train/table.js';
import type { FittedModel } from '../../ml/train/trainer.js';
import type { Manifest } from '../../models/artifact/manifest.js';
import { scoreTable } from '../../models/evaluation/score-table.js';
import type { SplitTables } from './evaluate-splits.js';

/** A model whose probabilities come true as far as the validation rows can tell. */
export interface CalibratedModel {
  readonly onnx: Uint8Array;
  /** Held-out rows whose scores don't hinge on a last bit, so that two evaluators must agree on them. */
  readonly comparable: TrainingTable;
  /** If it was calibrated: see Manifest.metrics. */
  readonly validationScores?: Float32Array;
  /** Classification only. */
  readonly choice?: CalibrationChoice;
  /** Probabilities of the held-out rows without calibration. */
  readonly before?: Float32Array;
}

/** Calibrates a classifier on the validation rows, where that lowers the log loss; the calibrator joins its graph. */
export async function calibrate(
  { onnx }: Pick<FittedModel, 'onnx'>,
  { validation, holdout }: SplitTables,
  seed: number,
  { print, signal }: { readonly print: (line: string) => void; readonly signal: AbortSignal },
): Promise<CalibratedModel> {
  const { target } = validation;
  if (target.task !== 'CLASSIFICATION') return { onnx, comparable: holdout };
  const width = target.classes.length;
  const evaluator = compile(decodeModel(onnx));
  const choice = chooseCalibration(target.codes, await scoreTable(evaluator, validation, signal), width, seed);
  const before = await scoreTable(evaluator, holdout, signal);
  const { calibrator } = choice;
  print(`calibration: ${calibrator?.method ?? 'NONE'}`);
  if (!calibrator) return { onnx, comparable: holdout, choice, before };
  return {
    onnx: appendCalibrator(onnx, calibrator, target.classes),
    comparable: selectRows(holdout, settledRows(calibrator, before, width)),
    validationScores: choice.probabilities,
    choice,
    before,
  };
}

/** What a model says about the validation rows once it is calibrated, from what it says before. */
export function asCalibrated({ target }: TrainingTable, scores: Float32Array, seed: number): Float32Array {
  if (target.task !== 'CLASSIFICATION') return scores;
  const { calibrator, probabilities } = chooseCalibration(target.codes, scores, target.classes.length, seed);
  return calibrator ? probabilities : scores;
}

/** For the manifest; undefined for a regression. @param after probabilities of the held-out rows as served. */
export function describeCalibration(
  { choice, before }: CalibratedModel,
  { target }: TrainingTable,
  after: Float32Array,
): Manifest['calibration'] {
  if (!choice || !before || target.task !== 'CLASSIFICATION') return undefined;
  return {
    method: choice.calibrator?.method ?? 'NONE',
    logLoss: { ...choice.logLoss },
    before: probabilityQuality(target, before),
    after: probabilityQuality(target, after),
  };
}

function probabilityQuality({ codes, classes }: ClassTarget, probabilities: Float32Array) {
  const { logLoss, brier, ece } = classificationMetrics(codes, probabilities, classes);
  return { logLoss, brier, ece, reliability: reliabilityCurve(codes, probabilities, classes.length) };
}
