import { type Expression, i32, type I32, type Statement, unsigned, type ValueType } from './expressions.js';

/*
 * WebAssembly modules put together at run time, for inner loops that compiled JavaScript can't do as well: vectors of
 * two 64-bit numbers, 64-bit integers, and loops unrolled for the shape of the data at hand. What is written here is
 * the binary format of the WebAssembly Core Specification 2.0, chapter 5, as far as our kernels need it.
 */

/** One function of a module. */
export interface KernelFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
  /** Its variables and instructions. */
  readonly body: readonly number[];
}

/** A variable of a function, a parameter or not. */
export interface Local<T extends ValueType> extends Expression<T> {
  readonly set: (value: Expression<T>) => Statement;
  /** Sets it and leaves the value on the stack. */
  readonly tee: (value: Expression<T>) => Expression<T>;
}

/** Declares further variables of the function that is being written. */
export type Declare = <T extends ValueType>(type: T) => Local<T>;

const CODES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const EMPTY_BLOCK = 0x40;

/**
 * A function whose parameters are all i32 (addresses and counts).
 * @param write gets the parameters by name and returns the statements; if there is a result, it is left by the last one.
 */
export function defineFunction<P extends string>(
  name: string,
  parameters: readonly P[],
  write: (given: Readonly<Record<P, Local<'i32'>>>, declare: Declare) => readonly Statement[],
  result?: ValueType,
): KernelFunction {
  const declared: ValueType[] = [];
  const given = Object.fromEntries(parameters.map((parameter, index) => [parameter, local('i32', index)]));
  const statements = write(given as Record<P, Local<'i32'>>, (type) =>
    local(type, parameters.length + declared.push(type) - 1),
  );
  const locals = vectorOf(declared.map((type) => [1, CODES[type]]));
  return { name, parameters: parameters.map(() => 'i32'), result, body: [...locals, ...statements.flat(), 0x0b] };
}

/** Runs `body` for counter = from, from + step, … below `to`, which is evaluated before every turn. */
export function loop(counter: Local<'i32'>, from: I32, to: I32, body: readonly Statement[], step = 1): Statement {
  return [
    ...counter.set(from),
    ...[0x02, EMPTY_BLOCK, 0x03, EMPTY_BLOCK],
    ...[...i32.geU(counter, to).code, 0x0d, 1],
    ...body.flat(),
    ...counter.set(i32.add(counter, i32.const(step))),
    ...[0x0c, 0, 0x0b, 0x0b],
  ];
}

/** Counts a local down to zero, running `body` each time: at least once, whatever the local holds. */
export function countDown(counter: Local<'i32'>, body: readonly Statement[]): Statement {
  return repeatWhile(counter.tee(i32.sub(counter, i32.const(1))), body);
}

/** Runs `body`, and again as long as the condition is not 0 after it. */
export function repeatWhile(condition: I32, body: readonly Statement[]): Statement {
  return [0x03, EMPTY_BLOCK, ...body.flat(), ...condition.code, 0x0d, 0, 0x0b];
}

/** Runs one of two bodies: the second if the condition is 0. */
export function either(condition: I32, body: readonly Statement[], otherwise: readonly Statement[]): Statement {
  return [...condition.code, 0x04, EMPTY_BLOCK, ...body.flat(), 0x05, ...otherwise.flat(), 0x0b];
}

function local<T extends ValueType>(type: T, index: number): Local<T> {
  const number = unsigned(index);
  return {
    type,
    code: [0x20, ...number],
    set: (value) => [...value.code, 0x21, ...number],
    tee: (value) => ({ type, code: [...value.code, 0x22, ...number] }),
  };
}

/** Size of a page of WebAssembly memory in bytes. */
export const PAGE = 65_536;
/** What 32-bit addresses reach. */
const MAX_PAGES = 65_536;

/**
 * The functions as a module that imports `env.memory`. It can be handed to other threads.
 * @param sharing whether that memory must be a shared one, or must not.
 */
export function compileKernels(functions: readonly KernelFunction[], sharing: 'SHARED' | 'OWN'): WebAssembly.Module {
  const types = functions.map(({ parameters, result }) => [
    0x60,
    ...vectorOf(parameters.map((type) => [CODES[type]])),
    ...vectorOf(result ? [[CODES[result]]] : []),
  ]);
  const limits = sharing === 'SHARED' ? [0x03, 0, ...unsigned(MAX_PAGES)] : [0x00, 0];
  const memory = [...text('env'), ...text('memory'), 0x02, ...limits];
  const exports = functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]);
  const bodies = functions.map(({ body }) => [...unsigned(body.length), ...body]);
  const bytes = [
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, [memory]),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(7, exports),
    ...section(10, bodies),
  ];
  return new WebAssembly.Module(Uint8Array.from(bytes));
}

/** A shared memory of at least that many bytes. @throws RangeError beyond 4 GB, or where the system has no more. */
export function sharedMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** The functions by name, working on that memory. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Readonly<Record<string, unknown>> {
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = vectorOf(items);
  return [id, ...unsigned(content.length), ...content];
}

function vectorOf(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  const bytes = [...Buffer.from(value)];
  return [...unsigned(bytes.length), ...bytes];
}
