/**
 * The floor: Fastify with the same body, checked by a JSON schema, and the same answer, written by one. Without a model the
 * answer is a constant; with the path of an ONNX file as argument our evaluator scores the rows. Nothing is logged, nobody
 * authenticated. node bare-fastify.ts PORT COLUMNS [FILE]
 */
import { readFile } from 'node:fs/promises';
import Fastify from 'fastify';
import { compile, decodeModel } from './built.ts';

type Row = Readonly<Record<string, number>>;

const columns = process.argv[3]!.split(',');
const file = process.argv[4];
const evaluator = file === undefined ? undefined : compile(decodeModel(await readFile(file)));

const text = { type: 'string' };
const number = { type: 'number' };
const object = (properties: Readonly<Record<string, object>>): object => ({
  type: 'object',
  required: Object.keys(properties),
  additionalProperties: false,
  properties,
});
const list = (items: object): object => ({ type: 'array', items });
const schema = {
  body: object({ rows: list(object(Object.fromEntries(columns.map((name) => [name, number])))) }),
  response: {
    200: object({
      model: object({ name: text, version: { type: 'integer' }, algorithm: text }),
      predictions: list(object({ id: text, value: text, probabilities: object({ 0: number, 1: number }) })),
    }),
  },
};

const server = Fastify();
server.post<{ Body: { rows: readonly Row[] } }>('/v1/models/:model/predict', { schema }, (request, reply) => {
  const { rows } = request.body;
  const scores = evaluator?.evaluate({
    rows: rows.length,
    columns: columns.map((name) => Float32Array.from(rows, (row) => row[name]!)),
  }).values;
  const predictions = rows.map((_, row) => {
    const one = scores ? scores[2 * row + 1]! : 0.25;
    const probabilities = { 0: 1 - one, 1: one };
    return { id: '01930000-0000-7000-8000-000000000000', value: one > 0.5 ? '1' : '0', probabilities };
  });
  void reply.send({ model: { name: 'bench', version: 1, algorithm: 'RANDOM_FOREST' }, predictions });
});
await server.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
