import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arrangeInputs } from '../../../ml/onnx/arrange-inputs.js';
import { CompiledEvaluator } from '../../../ml/onnx/compile.js';
import { decodeModel } from '../../../ml/onnx/decode.js';
import { type GraphInterface, readInterface } from '../../../ml/onnx/graph-interface.js';
import { type InputMatch, matchInputs } from '../../../ml/onnx/match-inputs.js';
import { ML_DOMAIN, type OnnxModel } from '../../../ml/onnx/model.js';
import type { Evaluator } from '../../../ml/schema/evaluator.js';
import { prepareFeatures, signatureOf } from '../../../ml/train/features.js';
import { decideSplit, splitRows, type SplitRule } from '../../../ml/train/split.js';
import type { TrainingTable } from '../../../ml/train/table.js';
import { FOREIGN } from '../../../models/algorithm.js';
import { type Manifest, manifestSchema, ONNX_FILE, REFERENCE_FILE } from '../../../models/artifact/manifest.js';
import { createEvaluatorInPlace } from '../../../models/evaluation/create-evaluator.js';
import { readTable } from '../../../models/evaluation/read-table.js';
import { DuckDbSession } from '../../../platform/duckdb/duckdb-session.js';
import { describeImportance, IMPORTANCE_LIMIT_MS } from '../../container/describe-importance.js';
import { describeQuality } from '../../container/describe-quality.js';
import { evaluateSplits, type SplitTables, tablesOf } from '../../container/evaluate-splits.js';
import { checkParity } from '../../container/parity.js';
import { writeReferenceSample } from '../../container/reference.js';
import { writeManifest } from '../../container/write-manifest.js';
import { CheckedEvaluator } from './checked-evaluator.js';
import { classLabels, withClasses } from './class-labels.js';
import { makeExplainable } from './explainable.js';
import { DATA_FILE, MODEL_FOLDER, type ProofOrder, type ProofPhase, UPLOADED_FILE } from './proof-order.js';

/** Values of a text column that drift is counted by, the most frequent ones. */
const MAX_CATEGORIES = 1000;
/** Of the sample of reference rows and the resamples behind intervals, where no training had one. */
const SEED = 42;

/** Of the time that is left, for the importance of columns: what comes after it takes less. */
const IMPORTANCE_SHARE = 0.5;

/** What has been read before anything of the file is run. */
interface Candidate {
  readonly model: OnnxModel;
  readonly uploaded: Uint8Array;
  /** As uploaded, with its inputs in the order of the features. */
  readonly onnx: Uint8Array;
  readonly match: InputMatch;
  readonly split: SplitRule;
  readonly tables: SplitTables;
}

/**
 * Tries a file that somebody uploaded as a model: reads it, matches it with the model's columns, scores every row of a
 * dataset version with it, and leaves the files of an artifact. Runs where crashes, hanging and hunger for memory hurt
 * nobody.
 *
 * @throws OnnxFormatError, UnfitGraphError, TrainingDataError or AppError, with the reason, for a file to be refused.
 */
export async function proveModel(order: ProofOrder, say: (phase: ProofPhase) => void): Promise<void> {
  const { folder, memoryLimit } = order;
  const deadline = performance.now() + order.timeoutMs;
  say('reading the file');
  const uploaded = await readFile(join(folder, UPLOADED_FILE));
  const model = decodeModel(uploaded);
  const graph = readInterface(model.graph);
  const target = join(folder, MODEL_FOLDER);
  await mkdir(target);
  const session = await DuckDbSession.open({ folder, memoryLimit });
  try {
    say('reading the data');
    const read = await readTable(session, join(folder, DATA_FILE), order.columns);
    const match = matchInputs(graph.inputs, read.features);
    const table = withLabels(read, graph, order);
    const onnx = match.layout === 'MATRIX' ? uploaded : arrangeInputs(uploaded, table.features.map(inputOf));
    const split = decideSplit(read, order.columns.split?.method ?? 'RANDOM');
    const tables = tablesOf(table, splitRows(read, split));
    say('loading the model');
    const evaluator = await createEvaluatorInPlace(onnx);
    say('scoring rows');
    const { told, described } = await describe(order, { model, uploaded, onnx, match, split, tables }, evaluator);
    await writeFile(join(target, ONNX_FILE), told);
    say('measuring the importance of columns');
    const importance = await describeImportance(evaluator, tables.validation, undefined, {
      seed: seedOf(order),
      limitMs: Math.min(IMPORTANCE_LIMIT_MS, (deadline - performance.now()) * IMPORTANCE_SHARE),
    });
    await writeReferenceSample(session, tables.train, seedOf(order), join(target, REFERENCE_FILE));
    await writeManifest(target, { ...described, importance });
  } finally {
    session.close();
  }
}

function withLabels(table: TrainingTable, { labels }: GraphInterface, { classes, script }: ProofOrder): TrainingTable {
  const { target } = table;
  if (target.task === 'REGRESSION') return table;
  // A script was told the classes, and their order.
  const told = script && !labels ? target.classes : classes;
  return withClasses(table, target, classLabels(target, labels, told));
}

function inputOf({ name, type }: TrainingTable['features'][number]): GraphInterface['inputs'][number] {
  return { name, type: type === 'STRING' ? 'string' : 'float', columns: 1 };
}

/** @returns the file as it will serve, and all but the importance of its columns. */
async function describe(
  order: ProofOrder,
  candidate: Candidate,
  evaluator: Evaluator,
): Promise<{ readonly told: Uint8Array; readonly described: Omit<Manifest, 'files'> }> {
  const { model, uploaded, split, tables } = candidate;
  const { train, holdout } = tables;
  const signature = signatureOf(train, prepareFeatures(train, MAX_CATEGORIES, []));
  const checked = new CheckedEvaluator(evaluator, signature.classes);
  const results = await evaluateSplits(checked, tables, NEVER);
  const compiled = evaluator instanceof CompiledEvaluator;
  const { onnx: told, warnings, ...means } = await makeExplainable(candidate.onnx, evaluator, train, NEVER);
  if (compiled) await checkParity(told, evaluator, holdout, termsOf(model));
  const operators = [...new Set(model.graph.nodes.map(({ operator }) => operator))].sort();
  const described = manifestSchema.omit({ files: true }).parse({
    format: 1,
    algorithm: FOREIGN,
    signature,
    hyperparameters: order.script?.hyperparameters ?? {},
    seed: seedOf(order),
    trainer: model.producer || 'unknown',
    image: order.script?.image,
    evaluator: compiled ? 'COMPILED' : 'ONNX_RUNTIME',
    dataset: { versionId: order.dataset.versionId, contentHash: order.dataset.contentHash },
    split,
    weights: order.columns.weights,
    weightedMetrics: results.weighted,
    ...(await describeQuality(results, tables, signature, seedOf(order), NEVER)),
    ...means,
    summary: { kind: FOREIGN, operators, file: { sha256: sha256Of(uploaded), bytes: uploaded.length } },
    warnings: [...warningsOf(order, candidate), ...warnings],
  });
  return { told, described };
}

/** Nobody stops a proof from within: its process is ended. */
const NEVER = new AbortController().signal;

function seedOf({ script }: ProofOrder): number {
  return script?.seed ?? SEED;
}

function warningsOf({ dataset, script }: ProofOrder, { match, tables }: Candidate): Manifest['warnings'] {
  const unused = match.unused.map((feature) => ({
    code: 'UNUSED_FEATURE',
    feature,
    message: `The file has no input for "${feature}"; it is not used.`,
  }));
  const unknown = {
    code: 'TRAINING_ROWS_UNKNOWN',
    message: `This model was not trained here, so nobody knows on which rows. If it learned from rows of dataset version ${dataset.number}, its metrics are too good, those of the held-out rows as well.`,
  };
  return [...tables.train.warnings, ...unused, ...(script ? [] : [unknown])];
}

/** Numbers that are added up for one score, at most: the trees of a forest, or the columns of a linear model. */
function termsOf({ graph }: OnnxModel): number {
  const terms = graph.nodes
    .filter(({ domain }) => domain === ML_DOMAIN)
    .flatMap(({ attributes }) => attributes)
    .map((attribute) => {
      if (attribute.type === 'INTS' && attribute.name === 'nodes_treeids')
        return new Set(Array.from(attribute.value)).size;
      return attribute.type === 'FLOATS' && attribute.name === 'coefficients' ? attribute.value.length : 0;
    });
  return terms.reduce((most, count) => Math.max(most, count), 0);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
