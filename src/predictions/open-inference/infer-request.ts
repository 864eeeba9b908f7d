import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import { inputColumns, type Signature } from '../../ml/schema/signature.js';
import { listing, type RequestColumn } from '../columnar-rows.js';
import { readTensor, type TensorReader, tensorSchema } from './tensor.js';

export const inferRequestSchema = z.object({
  id: z.string().max(200).optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
  inputs: z.array(tensorSchema).min(1, 'must hold at least one tensor'),
  outputs: z.array(z.object({ name: z.string() })).optional(),
});
export type InferRequest = z.infer<typeof inferRequestSchema>;

export interface InferColumns {
  readonly rows: number;
  readonly columns: readonly RequestColumn[];
}

/**
 * The columns of a request: a tensor each, of shape [N] or [N, 1], or all of them in one matrix [N, F] in the order of
 * the signature. A column without a tensor is missing in every row.
 * @throws AppError BAD_INPUT for tensors that are no columns of the model, or do not fit together.
 */
export function columnsOf(signature: Signature, inputs: InferRequest['inputs']): InferColumns {
  const names = inputColumns(signature.features);
  const tensors = inputs.map(readTensor);
  const [first] = tensors;
  const isMatrix = tensors.length === 1 && (first!.width !== 1 || !names.includes(first!.name));
  if (isMatrix) return { rows: first!.rows, columns: columnsOfMatrix(first!, names) };
  checkColumns(tensors, names);
  return { rows: first!.rows, columns: tensors.map(({ name, at }) => ({ name, at: (row) => at(row, 0) })) };
}

function columnsOfMatrix(matrix: TensorReader, names: readonly string[]): RequestColumn[] {
  if (matrix.width === names.length) {
    return names.map((name, column) => ({ name, at: (row) => matrix.at(row, column) }));
  }
  throw new AppError(
    'BAD_INPUT',
    `Input "${matrix.name}" has ${matrix.width} columns, the model ${names.length}: ${listing(names)}. Send a matrix of all of them in this order, or one input for each.`,
  );
}

function checkColumns(tensors: readonly TensorReader[], names: readonly string[]): void {
  const [first] = tensors;
  const seen = new Set<string>();
  for (const { name, rows, width } of tensors) {
    if (!names.includes(name)) {
      throw new AppError('BAD_INPUT', `Input "${name}" is not one of the model's: ${listing(names)}.`);
    }
    if (seen.has(name)) throw new AppError('BAD_INPUT', `Input "${name}" is there twice. Send it once.`);
    seen.add(name);
    if (width !== 1) {
      throw new AppError(
        'BAD_INPUT',
        `Input "${name}" has ${width} columns. Among several inputs, each is one column.`,
      );
    }
    if (rows !== first!.rows) {
      throw new AppError(
        'BAD_INPUT',
        `Input "${name}" has ${rows} rows, but input "${first!.name}" has ${first!.rows}. Every input must have the same number.`,
      );
    }
  }
}
