/** What each protocol sends for the same rows, and how its answers are held against the model's own. */
import type { BenchSet } from '../training/sets.ts';
import { type Exchange, postRequest } from './load.ts';

/** Exchanges made in advance: more rows than any cache of a processor holds, and none twice in a row. */
const EXCHANGES = 1_000;
const TOLERANCE = 1e-5;

/** Rows behind those that were trained on, with the probability of class 1 that the server's model gives them. */
export interface Questions {
  readonly set: BenchSet;
  readonly expected: Float32Array;
}

/** A way to ask: path and body for some rows, and where the probabilities of class 1 stand in the answer. */
interface Protocol {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: (rows: readonly (readonly number[])[], names: readonly string[]) => object;
  readonly probabilities: (answer: any) => readonly number[];
}

interface Prediction {
  readonly probabilities: Readonly<Record<string, number>>;
}

export const rest = (model: string, key: string): Protocol => ({
  path: `/v1/models/${model}/predict`,
  headers: { 'x-api-key': key },
  body: (rows, names) => ({ rows: rows.map((row) => objectOf(row, names)) }),
  probabilities: ({ predictions }) => predictions.map((one: Prediction) => one.probabilities['1']),
});

const MUTATION =
  'mutation Predict($input: PredictInput!) { predict(input: $input) { model { name version algorithm } predictions { id value probabilities } } }';

export const graphql = (model: string, key: string): Protocol => ({
  path: '/graphql',
  headers: { 'x-api-key': key },
  body: (rows, names) => ({
    query: MUTATION,
    variables: { input: { model, rows: rows.map((row) => objectOf(row, names)) } },
  }),
  probabilities: ({ data }) => data.predict.predictions.map((one: Prediction) => one.probabilities['1']),
});

export const fastApi: Protocol = { ...rest('', ''), path: '/predict', headers: {} };

export const mlServer: Protocol = {
  path: '/v2/models/bench/infer',
  body: (rows, names) => ({
    inputs: [{ name: 'x', shape: [rows.length, names.length], datatype: 'FP32', data: rows.flat() }],
    outputs: [{ name: 'predict_proba' }],
  }),
  probabilities: ({ outputs: [{ data }] }) => data.filter((_: number, i: number) => i % 2 === 1),
};

export const mlflow: Protocol = {
  path: '/invocations',
  body: (rows) => ({ inputs: rows }),
  probabilities: ({ predictions }) => predictions.map((row: readonly number[]) => row[1]),
};

/** @param rows of each request. @param isRight for servers that have no model: only the form of the answer is checked. */
export function exchangesOf(
  port: number,
  { set, expected }: Questions,
  protocol: Protocol,
  { rows = 1, formOnly = false }: { readonly rows?: number; readonly formOnly?: boolean } = {},
): Exchange[] {
  const names = set.columns.map(({ name }) => name);
  return Array.from({ length: Math.ceil(EXCHANGES / rows) + 1 }, (_, i) => {
    const numbers = Array.from({ length: rows }, (_row, row) => (i * rows + row) % expected.length);
    const values = numbers.map((row) => set.columns.map((column) => column.values[set.trainRows + row]!));
    return {
      request: postRequest(port, protocol.path, protocol.body(values, names), protocol.headers),
      check: (body) => {
        const answered = protocol.probabilities(JSON.parse(body));
        const right = numbers.every((row, at) =>
          formOnly ? Number.isFinite(answered[at]) : Math.abs(answered[at]! - expected[row]!) <= TOLERANCE,
        );
        if (answered.length !== rows || !right) throw new Error(`A wrong answer of ${protocol.path}: ${body}`);
      },
    };
  });
}

function objectOf(row: readonly number[], names: readonly string[]): Record<string, number> {
  return Object.fromEntries(row.map((value, i) => [names[i]!, value]));
}
