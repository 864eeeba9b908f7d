import fc from 'fast-check';
import { compile } from '../../src/ml/onnx/compile.js';
import { decodeModel } from '../../src/ml/onnx/decode.js';
import { encodeModel } from '../../src/ml/onnx/encode.js';
import { UnsupportedGraphError } from '../../src/ml/onnx/model.js';
import { randomGraph } from '../support/onnx-random-graph.js';
import { findDifference } from '../support/onnx-parity.js';

/** Printed with the number of a graph that fails, which `randomGraph` makes again. */
const SEED = 20_261_127;
const GRAPHS = 500;
/** What a refusal has to name: the node, its operator and the reason. */
const REASON = /^Node ".+" \((\w+)\): \S/;

describe('random graphs of the ONNX-ML subset', () => {
  it('score rows as ONNX Runtime does, or are refused with a reason', async () => {
    const compiled = new Set<string>();
    const refused = new Set<string>();
    let graphs = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0 }), async (number) => {
        const { model, batch } = randomGraph(number);
        const bytes = encodeModel(model);
        try {
          const evaluator = compile(decodeModel(bytes));
          expect(await findDifference(evaluator, bytes, model, batch)).toBeUndefined();
          graphs++;
          for (const { operator } of model.graph.nodes) compiled.add(operator);
        } catch (error) {
          if (!(error instanceof UnsupportedGraphError)) throw error;
          expect(error.message).toMatch(REASON);
          refused.add(REASON.exec(error.message)![1]!);
        }
      }),
      { seed: SEED, numRuns: GRAPHS, endOnFailure: true },
    );
    // Neither a generator of what nobody knows nor one of what everybody knows would prove anything.
    expect(graphs).toBeGreaterThan(GRAPHS / 2);
    expect([...compiled].sort()).toEqual([
      'Add',
      'Cast',
      'Concat',
      'Div',
      'FeatureVectorizer',
      'Identity',
      'Imputer',
      'LabelEncoder',
      'LinearClassifier',
      'LinearRegressor',
      'Mul',
      'Normalizer',
      'OneHotEncoder',
      'Reshape',
      'Scaler',
      'Sub',
      'TreeEnsembleClassifier',
      'TreeEnsembleRegressor',
    ]);
    expect(refused).toContain('TreeEnsembleRegressor');
  });
});
