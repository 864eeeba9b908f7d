import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import { type Datatype, DATATYPES, readElement, type TextEncoding } from './datatypes.js';

const ENCODINGS: readonly string[] = ['str', 'base64'] satisfies TextEncoding[];

export const tensorSchema = z.object({
  name: z.string(),
  shape: z.array(z.number().int()).max(8),
  datatype: z.enum(DATATYPES as [Datatype, ...Datatype[]]),
  parameters: z.record(z.string(), z.unknown()).optional(),
  // Elements are checked where they are read: there may be millions of them.
  data: z.custom<readonly unknown[]>((data) => Array.isArray(data), 'must be a list'),
});
export type Tensor = z.infer<typeof tensorSchema>;

/** A tensor of a request, as rows of `width` elements. */
export interface TensorReader {
  readonly name: string;
  readonly rows: number;
  readonly width: number;
  /** @throws AppError BAD_INPUT for an element that is not of the tensor's datatype. */
  readonly at: (row: number, column: number) => unknown;
}

/**
 * Reads a tensor of shape [N] or [N, width] with flat, row-major or nested data.
 * @throws AppError BAD_INPUT for another shape, or a number of elements that does not fit it.
 */
export function readTensor(tensor: Tensor): TensorReader {
  const { name, datatype, data } = tensor;
  const { rows, width } = sizeOf(tensor);
  const encoding = encodingOf(tensor);
  const isNested = Array.isArray(data[0]);
  if (isNested) checkNested(tensor, rows, width);
  else checkCount(tensor, data.length, rows * width);
  return {
    name,
    rows,
    width,
    at: (row, column) => {
      const element = isNested ? (data[row] as readonly unknown[])[column] : data[row * width + column];
      return readElement(element, datatype, encoding, () => `Input "${name}": element ${row * width + column}`);
    },
  };
}

function sizeOf({ name, shape }: Tensor): { rows: number; width: number } {
  if (shape.some((size) => size < 0)) {
    throw wrong(name, `the shape [${shape.join(', ')}] has a negative dimension. Say how many elements there are`);
  }
  const [rows, width = 1, ...rest] = shape;
  if (rows !== undefined && rest.length === 0) return { rows, width };
  throw wrong(name, `the shape [${shape.join(', ')}] is neither [rows] nor [rows, columns]`);
}

function encodingOf({ name, datatype, parameters }: Tensor): TextEncoding {
  const encoding = parameters?.['content_type'] ?? 'str';
  // MLServer's clients put the names of its codecs beside numbers as well, where they change nothing.
  if (datatype !== 'BYTES') return 'str';
  if (typeof encoding === 'string' && ENCODINGS.includes(encoding)) return encoding as TextEncoding;
  throw wrong(name, `the content_type of BYTES must be ${ENCODINGS.join(' or ')}`);
}

function checkNested(tensor: Tensor, rows: number, width: number): void {
  const isGrid = tensor.data.length === rows && tensor.data.every((row) => Array.isArray(row) && row.length === width);
  if (!isGrid) {
    throw wrong(tensor.name, `nested data must be ${rows} lists of ${width} elements, as the shape says`);
  }
}

function checkCount({ name, shape }: Tensor, received: number, expected: number): void {
  if (received === expected) return;
  throw wrong(name, `the shape [${shape.join(', ')}] means ${expected} elements, but data has ${received}`);
}

function wrong(name: string, problem: string): AppError {
  return new AppError('BAD_INPUT', `Input "${name}": ${problem}.`);
}
