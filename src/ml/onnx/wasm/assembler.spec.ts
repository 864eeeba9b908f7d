import {
  add,
  and,
  assemble,
  constant,
  countDown,
  get,
  greaterF32,
  loadF32,
  loadI32,
  set,
  shiftLeft,
  shiftRight,
  storeI32,
  subtract,
  tee,
} from './assembler.js';
import type { Code } from './assembler.js';

/** Runs a body with three parameters and one local over a memory that holds these words; returns the memory. */
function run(body: readonly Code[], words: ArrayLike<number>, parameters: readonly number[] = []): DataView {
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Int32Array(memory.buffer).set(words);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble(3, 1, body)), { env: { memory } });
  (exports['run'] as (...parameters: readonly number[]) => void)(...parameters);
  return new DataView(memory.buffer);
}

const result = (value: Code, parameters?: readonly number[]): number =>
  run([storeI32(constant(0), value, 64)], [], parameters).getInt32(64, true);

describe('assemble', () => {
  it.each([0, 1, 63, 64, 127, 128, 8191, 8192, 0x3fffff, 2 ** 31 - 1, -1, -64, -65, -(2 ** 31)])(
    'writes the constant %i',
    (value) => {
      expect(result(constant(value))).toBe(value);
    },
  );

  it('computes with 32 bits', () => {
    expect(result(add(get(0), get(1)), [2 ** 31 - 1, 1])).toBe(-(2 ** 31));
    expect(result(subtract(get(0), get(1)), [3, 5])).toBe(-2);
    expect(result(and(get(0), get(1)), [0b1100, 0b1010])).toBe(0b1000);
    expect(result(shiftLeft(get(0), get(1)), [3, 4])).toBe(48);
    expect(result(shiftRight(get(0), get(1)), [-1, 28])).toBe(15);
  });

  it('compares float32, where nothing exceeds NaN and NaN exceeds nothing', () => {
    const floats = new Int32Array(Float32Array.of(2, 1, NaN).buffer);
    const greater = (left: number, right: number): number =>
      run([storeI32(constant(0), greaterF32(loadF32(get(0), 0), loadF32(get(1), 0)), 64)], floats, [
        4 * left,
        4 * right,
      ]).getInt32(64, true);
    expect([greater(0, 1), greater(1, 0), greater(0, 0), greater(0, 2), greater(2, 0)]).toEqual([1, 0, 0, 0, 0]);
  });

  it('repeats a body, with locals that keep their value', () => {
    const sum = set(1, add(tee(3, loadI32(get(0), 300)), get(1)));
    const memory = run(
      [countDown(2, [sum]), storeI32(constant(0), add(get(1), get(3)), 0)],
      [...new Array<number>(75).fill(0), 7],
      [0, 100, 5],
    );
    expect(memory.getInt32(0, true)).toBe(100 + 5 * 7 + 7);
  });
});
