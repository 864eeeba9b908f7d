import { isUtf8 } from 'node:buffer';
import { AppError } from '../../errors/app-error.js';

/** Element types of the protocol, each with what its JSON elements must be. */
const ELEMENTS = {
  BOOL: { is: (value: unknown) => typeof value === 'boolean' || value === 0 || value === 1, words: 'true or false' },
  UINT8: integer(0, 2 ** 8 - 1),
  UINT16: integer(0, 2 ** 16 - 1),
  UINT32: integer(0, 2 ** 32 - 1),
  UINT64: integer(0, 2 ** 64),
  INT8: integer(-(2 ** 7), 2 ** 7 - 1),
  INT16: integer(-(2 ** 15), 2 ** 15 - 1),
  INT32: integer(-(2 ** 31), 2 ** 31 - 1),
  INT64: integer(-(2 ** 63), 2 ** 63),
  FP16: real(65_504),
  FP32: real(3.4028234663852886e38),
  FP64: real(Number.MAX_VALUE),
  BYTES: { is: (value: unknown) => typeof value === 'string', words: 'a string' },
} as const satisfies Record<string, ElementType>;

interface ElementType {
  readonly is: (value: unknown) => boolean;
  readonly words: string;
}

export type Datatype = keyof typeof ELEMENTS;
export const DATATYPES = Object.keys(ELEMENTS) as readonly Datatype[];

/** How the strings of a BYTES tensor hold their text. */
export type TextEncoding = 'str' | 'base64';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The element as JSON would hold it in a row; null, a missing value, has every type.
 * @param place how an error calls the element.
 * @throws AppError BAD_INPUT for an element of another type.
 */
export function readElement(value: unknown, datatype: Datatype, encoding: TextEncoding, place: () => string): unknown {
  if (value === null) return null;
  const { is, words } = ELEMENTS[datatype];
  if (!is(value)) throw new AppError('BAD_INPUT', `${place()} must be ${words} or null: its datatype is ${datatype}.`);
  return datatype === 'BYTES' && encoding === 'base64' ? decode(value as string, place) : value;
}

function decode(text: string, place: () => string): string {
  const bytes = Buffer.from(text, 'base64');
  if (BASE64.test(text) && isUtf8(bytes)) return bytes.toString();
  throw new AppError('BAD_INPUT', `${place()} must be UTF-8 text in base64: its tensor has the content_type base64.`);
}

function integer(least: number, most: number): ElementType {
  return {
    is: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
    words: `an integer from ${least} to ${most}`,
  };
}

function real(most: number): ElementType {
  return { is: (value) => typeof value === 'number' && Math.abs(value) <= most, words: `a number within ±${most}` };
}
