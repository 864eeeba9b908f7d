/**
 * As much of WebAssembly's binary format (https://webassembly.github.io/spec/core/binary/) as the kernels need. An
 * expression is the bytes that leave its value on the stack; locals are numbered, parameters first.
 */
export type Code = readonly number[];

const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const SECTION = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const I32 = 0x7f;
const FUNCTION_TYPE = 0x60;
const NO_VALUE = 0x40;
const MEMORY = 0x02;
const FUNCTION = 0x00;
const END = 0x0b;
/** Exponents of the alignment that loads and stores promise. */
const ALIGN_4 = 2;

export function get(local: number): Code {
  return [0x20, ...unsigned(local)];
}

export function set(local: number, value: Code): Code {
  return [...value, 0x21, ...unsigned(local)];
}

/** Sets a local and leaves the value on the stack. */
export function tee(local: number, value: Code): Code {
  return [...value, 0x22, ...unsigned(local)];
}

export function constant(value: number): Code {
  return [0x41, ...signed(value)];
}

export function loadI32(address: Code, offset: number): Code {
  return [...address, 0x28, ALIGN_4, ...unsigned(offset)];
}

export function loadF32(address: Code, offset: number): Code {
  return [...address, 0x2a, ALIGN_4, ...unsigned(offset)];
}

export function storeI32(address: Code, value: Code, offset: number): Code {
  return [...address, ...value, 0x36, ALIGN_4, ...unsigned(offset)];
}

export const add = binary(0x6a);
export const subtract = binary(0x6b);
export const and = binary(0x71);
export const shiftLeft = binary(0x74);
/** Fills with zeros from the left. */
export const shiftRight = binary(0x76);
/** 1 if the first float32 is greater, else 0; comparisons with NaN give 0. */
export const greaterF32 = binary(0x5e);

/** Counts a local down to zero, running `body` each time: at least once, whatever the local holds. */
export function countDown(local: number, body: readonly Code[]): Code {
  const goOn = tee(local, subtract(get(local), constant(1)));
  return [0x03, NO_VALUE, ...body.flat(), ...goOn, 0x0d, ...unsigned(0), END];
}

/** A module of one function of i32s without a result, exported as `run`, over a memory imported as `env.memory`. */
export function assemble(parameters: number, locals: number, body: readonly Code[]): Uint8Array<ArrayBuffer> {
  const declared = vector([[...unsigned(locals), I32]]);
  const code = [...declared, ...body.flat(), END];
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(SECTION.type, [[FUNCTION_TYPE, ...vector(new Array<Code>(parameters).fill([I32])), ...vector([])]]),
    ...section(SECTION.import, [[...name('env'), ...name('memory'), MEMORY, 0x00, ...unsigned(1)]]),
    ...section(SECTION.function, [unsigned(0)]),
    ...section(SECTION.export, [[...name('run'), FUNCTION, ...unsigned(0)]]),
    ...section(SECTION.code, [[...unsigned(code.length), ...code]]),
  ]);
}

function binary(opcode: number): (left: Code, right: Code) => Code {
  return (left, right) => [...left, ...right, opcode];
}

function section(id: number, entries: readonly Code[]): Code {
  const bytes = vector(entries);
  return [id, ...unsigned(bytes.length), ...bytes];
}

function vector(entries: readonly Code[]): Code {
  return [...unsigned(entries.length), ...entries.flat()];
}

function name(text: string): Code {
  return vector(Array.from(text, (character) => [character.charCodeAt(0)]));
}

/** LEB128: seven bits a byte, the low ones first. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

/** As `unsigned`, in two's complement: bit 6 of the last byte is the sign. */
function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  for (; rest < -0x40 || rest > 0x3f; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest & 0x7f];
}
