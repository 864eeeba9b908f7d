/** Types of WebAssembly values that our kernels use. */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** Instructions that leave one value on the stack. The type keeps an i32 from being added to an f64. */
export interface Expression<T extends ValueType> {
  readonly type: T;
  readonly code: readonly number[];
}

export type I32 = Expression<'i32'>;
export type I64 = Expression<'i64'>;
export type F64 = Expression<'f64'>;
export type V128 = Expression<'v128'>;

/** Instructions that leave nothing on the stack. */
export type Statement = readonly number[];

/** LEB128 as WebAssembly writes unsigned numbers. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

/** LEB128 as WebAssembly writes i32 constants. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    if (rest >= -64 && rest < 64) return [...bytes, rest & 127];
    bytes.push((rest & 127) | 128);
  }
}

/** Instructions of the vector extension have a number of their own behind this prefix. */
const vector = (instruction: number): number[] => [0xfd, ...unsigned(instruction)];

function unary<A extends ValueType, R extends ValueType>(type: R, opcode: readonly number[]) {
  return (a: Expression<A>): Expression<R> => ({ type, code: [...a.code, ...opcode] });
}

function binary<A extends ValueType, R extends ValueType>(type: R, opcode: readonly number[]) {
  return (a: Expression<A>, b: Expression<A>): Expression<R> => ({ type, code: [...a.code, ...b.code, ...opcode] });
}

/** Reads at `address + offset`; the alignment is a promise that the processor may use, as a power of two. */
function load<T extends ValueType>(type: T, opcode: readonly number[], align: number) {
  return (address: I32, offset = 0): Expression<T> => ({
    type,
    code: [...address.code, ...opcode, align, ...unsigned(offset)],
  });
}

function store<T extends ValueType>(opcode: readonly number[], align: number) {
  return (address: I32, value: Expression<T>, offset = 0): Statement => [
    ...address.code,
    ...value.code,
    ...opcode,
    align,
    ...unsigned(offset),
  ];
}

/** Whole numbers and addresses. */
export const i32 = {
  const: (value: number): I32 => ({ type: 'i32', code: [0x41, ...signed(value)] }),
  add: binary<'i32', 'i32'>('i32', [0x6a]),
  sub: binary<'i32', 'i32'>('i32', [0x6b]),
  mul: binary<'i32', 'i32'>('i32', [0x6c]),
  and: binary<'i32', 'i32'>('i32', [0x71]),
  xor: binary<'i32', 'i32'>('i32', [0x73]),
  shl: binary<'i32', 'i32'>('i32', [0x74]),
  /** Fills with zeros from the left. */
  shrU: binary<'i32', 'i32'>('i32', [0x76]),
  eq: binary<'i32', 'i32'>('i32', [0x46]),
  ne: binary<'i32', 'i32'>('i32', [0x47]),
  greater: binary<'i32', 'i32'>('i32', [0x4a]),
  geU: binary<'i32', 'i32'>('i32', [0x4f]),
  /** The first value if the condition is not 0. */
  select: (first: I32, second: I32, condition: I32): I32 => ({
    type: 'i32',
    code: [...first.code, ...second.code, ...condition.code, 0x1b],
  }),
  load: load('i32', [0x28], 2),
  load8U: load('i32', [0x2d], 0),
  store: store<'i32'>([0x36], 2),
  store8: store<'i32'>([0x3a], 0),
};

export const i64 = {
  const: (value: number): I64 => ({ type: 'i64', code: [0x42, ...signed(value)] }),
  or: binary<'i64', 'i64'>('i64', [0x84]),
  shl: binary<'i64', 'i64'>('i64', [0x86]),
  fromI32: unary<'i32', 'i64'>('i64', [0xac]),
  store: store<'i64'>([0x37], 3),
};

export const f32 = {
  /** 1 if the first is greater, else 0; comparisons with NaN give 0. */
  greater: binary<'f32', 'i32'>('i32', [0x5e]),
  load: load('f32', [0x2a], 2),
};

export const f64 = {
  const: (value: number): F64 => ({ type: 'f64', code: [0x44, ...new Uint8Array(Float64Array.of(value).buffer)] }),
  fromI32: unary<'i32', 'f64'>('f64', [0xb7]),
  fromF32: unary<'f32', 'f64'>('f64', [0xbb]),
  add: binary<'f64', 'f64'>('f64', [0xa0]),
  sub: binary<'f64', 'f64'>('f64', [0xa1]),
  mul: binary<'f64', 'f64'>('f64', [0xa2]),
  div: binary<'f64', 'f64'>('f64', [0xa3]),
  load: load('f64', [0x2b], 3),
  store: store<'f64'>([0x39], 3),
};

/** Pairs of 64-bit numbers. */
export const v128 = {
  and: binary<'v128', 'v128'>('v128', vector(78)),
  load: load('v128', vector(0), 4),
  store: store<'v128'>(vector(11), 4),
};

export const i32x4 = {
  /** Rounds the two numbers towards zero, to the first two lanes. */
  truncateF64x2: unary<'v128', 'v128'>('v128', vector(252)),
  lane: (a: V128, lane: number): I32 => ({ type: 'i32', code: [...a.code, ...vector(27), lane] }),
};

export const i64x2 = {
  add: binary<'v128', 'v128'>('v128', vector(206)),
  sub: binary<'v128', 'v128'>('v128', vector(209)),
  shl: (a: V128, bits: I32): V128 => ({ type: 'v128', code: [...a.code, ...bits.code, ...vector(203)] }),
};

export const f64x2 = {
  splat: unary<'f64', 'v128'>('v128', vector(20)),
  /** A constant for each lane, by default the same. */
  const: (value: number, second = value): V128 => {
    const bytes = new Uint8Array(Float64Array.of(value, second).buffer);
    return { type: 'v128', code: [...vector(12), ...bytes] };
  },
  lane: (a: V128, lane: number): F64 => ({ type: 'f64', code: [...a.code, ...vector(33), lane] }),
  eq: binary<'v128', 'v128'>('v128', vector(71)),
  nearest: unary<'v128', 'v128'>('v128', vector(148)),
  add: binary<'v128', 'v128'>('v128', vector(240)),
  sub: binary<'v128', 'v128'>('v128', vector(241)),
  mul: binary<'v128', 'v128'>('v128', vector(242)),
  div: binary<'v128', 'v128'>('v128', vector(243)),
  min: binary<'v128', 'v128'>('v128', vector(244)),
  max: binary<'v128', 'v128'>('v128', vector(245)),
};

/** Copies bytes, also where the areas overlap. */
export function copyMemory(target: I32, source: I32, bytes: I32): Statement {
  return [...target.code, ...source.code, ...bytes.code, 0xfc, 10, 0, 0];
}

/** Sets bytes to one value. */
export function fillMemory(target: I32, value: I32, bytes: I32): Statement {
  return [...target.code, ...value.code, ...bytes.code, 0xfc, 11, 0];
}
