import type { CardDocument } from '../../src/models/card/card-document.js';
import type { Manifest } from '../../src/models/artifact/manifest.js';
import { compile } from '../../src/ml/onnx/compile.js';
import { decodeModel } from '../../src/ml/onnx/decode.js';
import { splitRows } from '../../src/ml/train/split.js';
import { type Column, createTable, stringColumn } from '../../src/ml/train/table.js';
import { type Algorithm, TRAINERS } from '../../src/ml/train/trainer.js';
import { calibrate, describeCalibration } from '../../src/training/container/calibrate.js';
import { describeImportance } from '../../src/training/container/describe-importance.js';
import { describeMeans } from '../../src/training/container/describe-means.js';
import { evaluateSplits, tablesOf } from '../../src/training/container/evaluate-splits.js';
import { describeHoldout } from '../../src/training/container/holdout-quality.js';
import { describeErrors, describeReference } from '../../src/training/container/reference.js';
import { mixedRows } from '../fixtures/trainers/rows.js';

const ROWS = 1_500;
const SEED = 7;
const HASH = '5da396f3f76640b2c1d0d9a1f2f8b7f6e3b1a09c4d5e6f708192a3b4c5d6e7f8';
const HOSTILE = '<script>alert(1)</script> & "quoted" \u202e\u0000 ' + 'very '.repeat(60) + 'long';

const CLASSES = ['dry', 'rain', 'snow'];
const NAMES: Readonly<Record<string, string>> = {
  a: 'temp_min',
  b: 'pressure',
  c: 'wind',
  d: 'humidity',
  flag: 'coast',
  color: 'sky',
};

/** Documents of every kind that a card must be able to show, from trainings on made-up rows. */
export async function cardSamples(): Promise<Readonly<Record<string, CardDocument>>> {
  const signal = new AbortController().signal;
  const number = await sample('RANDOM_FOREST', 'value', signal);
  const classes = weighedAndFolded(await sample('GRADIENT_BOOSTING', 'multi', signal));
  const binary = await sample('LOGISTIC_REGRESSION', 'binary', signal);
  return { number, classes, binary, old: asFromBefore(binary), evil: hostile(classes) };
}

async function sample(
  algorithm: Algorithm,
  target: 'value' | 'binary' | 'multi',
  signal: AbortSignal,
): Promise<CardDocument> {
  const rows = mixedRows(ROWS, 5);
  const features = rows.features.map((column): Column => ({ ...column, name: NAMES[column.name]! }));
  const labels = Array.from(rows[target], (code) => CLASSES[code]!);
  const table =
    target === 'value'
      ? createTable('REGRESSION', { name: 'temp_max', type: 'NUMBER', values: rows.value }, features)
      : createTable('CLASSIFICATION', stringColumn('weather', labels), features);
  const tables = tablesOf(table, splitRows(table));
  const fitted = await TRAINERS[algorithm].fit(tables.train, { seed: SEED });
  const calibrated = await calibrate(fitted, tables, SEED, { print: () => undefined, signal });
  const evaluator = compile(decodeModel(calibrated.onnx));
  const results = await evaluateSplits(evaluator, tables, signal, calibrated.validationScores);
  const { metrics, baseline, trainScores, holdoutScores } = results;
  const reference = describeReference(tables.train, fitted.signature, trainScores);
  const manifest = {
    format: 1,
    algorithm,
    signature: fitted.signature,
    hyperparameters: fitted.hyperparameters,
    seed: SEED,
    trainer: 'boucle 0.1.0',
    dataset: { versionId: '01a20c48-73fe-7be9-b7f7-0b1a2f7d6f10', contentHash: HASH },
    metrics,
    baseline,
    ...(await describeHoldout(tables.holdout, holdoutScores, SEED, signal)),
    calibration: describeCalibration(calibrated, tables.holdout, holdoutScores),
    ...(await describeMeans(evaluator, tables.train, signal)),
    importance: await describeImportance(evaluator, tables.validation, fitted.summary, {
      seed: SEED,
      signal,
      limitMs: 30_000,
    }),
    reference,
    holdoutErrors: describeErrors(reference, tables.holdout, holdoutScores),
    summary: fitted.summary,
    warnings: [...fitted.warnings],
    files: { 'model.onnx': { sha256: HASH, bytes: fitted.onnx.length } },
  };
  return {
    model: target === 'value' ? 'seattle-temperature' : 'seattle-weather',
    task: table.target.task,
    target: table.target.name,
    primaryMetric: target === 'value' ? 'rmse' : 'logLoss',
    version: 5,
    algorithm,
    stage: 'CHAMPION',
    passedFloors: true,
    createdAt: '2026-11-26T08:15:30.000Z',
    runId: '01a20c48-9d21-7a58-8f8e-2f1c7f0f4c55',
    artifact: { sha256: HASH, bytes: 214_331 },
    dataset: { name: 'seattle', version: 2, rows: ROWS },
    ledger: [
      {
        action: 'PROMOTED',
        reason: "It beats the champion's rmse by more than 0: the gain on 300 held-out rows is 0.5389.",
        actorId: null,
        at: '2026-11-26T08:15:31.000Z',
      },
    ],
    manifest: manifest as unknown as Manifest,
  };
}

/** A version whose rows did not all count alike, and which was cross-validated. */
function weighedAndFolded(document: CardDocument): CardDocument {
  const folds = [0.41, 0.43].map((logLoss) => ({ trained: 637, rows: 638, scores: { logLoss } }));
  const crossValidation = { folds, metrics: { logLoss: { mean: 0.42, deviation: 0.01 } } };
  const weights = { column: 'hours', classes: { snow: 3 } };
  return { ...document, manifest: { ...document.manifest, weights, crossValidation } };
}

/** A version that was trained before a manifest held more than metrics, on a snapshot that is gone. */
function asFromBefore(document: CardDocument): CardDocument {
  const { importance, intervals, diagnostics, ...manifest } = document.manifest;
  if (!importance || !intervals || !diagnostics) throw new Error('the sample has all of them');
  return { ...document, stage: 'REJECTED', passedFloors: false, dataset: null, ledger: [], manifest };
}

/** Names that would be markup, reach beyond every box, or turn the text around. */
function hostile(document: CardDocument): CardDocument {
  const { manifest } = document;
  const [first, ...features] = manifest.signature.features;
  const renamed = { ...first!, name: HOSTILE };
  const importance = manifest.importance!.features.map((feature, i) =>
    i === 0 ? { ...feature, feature: HOSTILE } : feature,
  );
  return {
    ...document,
    model: 'm'.repeat(63),
    target: HOSTILE,
    dataset: { name: HOSTILE, version: 1, rows: null },
    ledger: [{ action: 'REJECTED', reason: HOSTILE, actorId: document.runId, at: document.createdAt }],
    manifest: {
      ...manifest,
      signature: { ...manifest.signature, features: [renamed, ...features], classes: [HOSTILE, 'rain', 'snow'] },
      importance: { ...manifest.importance!, features: importance },
      weights: { column: HOSTILE, classes: { [HOSTILE]: 2 } },
      warnings: [{ code: 'RARE_CLASS', message: HOSTILE }],
    },
  };
}
