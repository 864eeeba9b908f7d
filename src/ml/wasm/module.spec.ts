import { exponential } from './exponential.js';
import { f32, f64x2, i32, type I32, v128 } from './expressions.js';
import {
  compileKernels,
  countDown,
  defineFunction,
  either,
  instantiate,
  loop,
  repeatWhile,
  sharedMemory,
} from './module.js';

/** What an expression of two parameters gives, over a memory that holds these words. */
function result(value: (a: I32, b: I32) => I32, a = 0, b = 0, words: ArrayLike<number> = []): number {
  const run = defineFunction('run', ['a', 'b'], (given) => [value(given.a, given.b).code], 'i32');
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Int32Array(memory.buffer).set(words);
  return (instantiate(compileKernels([run], 'OWN'), memory) as { run: (a: number, b: number) => number }).run(a, b);
}

describe('expressions', () => {
  it.each([0, 1, 63, 64, 127, 128, 8191, 8192, 0x3fffff, 2 ** 31 - 1, -1, -64, -65, -(2 ** 31)])(
    'write the constant %i',
    (value) => {
      expect(result(() => i32.const(value))).toBe(value);
    },
  );

  it('compute with 32 bits', () => {
    expect(result(i32.add, 2 ** 31 - 1, 1)).toBe(-(2 ** 31));
    expect(result(i32.sub, 3, 5)).toBe(-2);
    expect(result(i32.mul, -3, 5)).toBe(-15);
    expect(result(i32.and, 0b1100, 0b1010)).toBe(0b1000);
    expect(result(i32.xor, 0b1100, 0b1010)).toBe(0b0110);
    expect(result(i32.shl, 3, 4)).toBe(48);
    expect(result(i32.shrU, -1, 28)).toBe(15);
    expect(result((a, b) => i32.select(a, b, i32.geU(a, b)), 3, 8)).toBe(8);
    expect([result(i32.eq, 3, 3), result(i32.eq, 3, 4), result(i32.ne, 3, 3), result(i32.ne, 3, 4)]).toEqual([
      1, 0, 0, 1,
    ]);
    expect([result(i32.greater, 1, -1), result(i32.greater, -1, 1), result(i32.greater, 1, 1)]).toEqual([1, 0, 0]);
  });

  it('compare float32, where nothing exceeds NaN and NaN exceeds nothing', () => {
    const floats = new Int32Array(Float32Array.of(2, 1, NaN).buffer);
    const greater = (a: number, b: number): number =>
      result((left, right) => f32.greater(f32.load(left), f32.load(right)), 4 * a, 4 * b, floats);
    expect([greater(0, 1), greater(1, 0), greater(0, 0), greater(0, 2), greater(2, 0)]).toEqual([1, 0, 0, 0, 0]);
  });
});

describe('kernels put together at run time', () => {
  it('loop, read, compute and return', () => {
    const sum = defineFunction(
      'sum',
      ['from', 'count'],
      ({ from, count }, declare) => {
        const [i, total] = [declare('i32'), declare('i32')];
        const value = i32.load(i32.add(from, i32.shl(i, i32.const(2))));
        return [loop(i, i32.const(0), count, [total.set(i32.add(total, value))]), total.code];
      },
      'i32',
    );
    const memory = sharedMemory(4000);
    new Int32Array(memory.buffer).set([-5, 1_000_000, 7, 300], 10);
    const { sum: compiled } = instantiate(compileKernels([sum], 'SHARED'), memory) as {
      sum: (from: number, n: number) => number;
    };
    expect(compiled(40, 4)).toBe(1_000_302);
    expect(compiled(40, 0)).toBe(0);
  });

  it('repeat a body, with locals that keep their value', () => {
    const sum = defineFunction(
      'sum',
      ['times', 'from'],
      ({ times, from }, declare) => {
        const [last, total] = [declare('i32'), declare('i32')];
        const turn = total.set(i32.add(last.tee(i32.load(from, 300)), total));
        return [countDown(times, [turn]), i32.add(total, last).code];
      },
      'i32',
    );
    const memory = sharedMemory(400);
    new Int32Array(memory.buffer)[75] = 7;
    const { sum: compiled } = instantiate(compileKernels([sum], 'SHARED'), memory) as {
      sum: (times: number, from: number) => number;
    };
    expect(compiled(5, 0)).toBe(42);
  });

  it('decide, and repeat as long as a condition holds', () => {
    const steps = defineFunction(
      'steps',
      ['n'],
      ({ n }, declare) => {
        const count = declare('i32');
        const odd = i32.and(n, i32.const(1));
        const halve = n.set(i32.shrU(n, i32.const(1)));
        const triple = n.set(i32.add(i32.mul(n, i32.const(3)), i32.const(1)));
        const turn = [either(odd, [triple], [halve]), count.set(i32.add(count, i32.const(1)))];
        return [repeatWhile(i32.ne(n, i32.const(1)), turn), count.code];
      },
      'i32',
    );
    const { steps: compiled } = instantiate(compileKernels([steps], 'SHARED'), sharedMemory(1)) as {
      steps: (n: number) => number;
    };
    // Collatz.
    expect([2, 6, 27].map(compiled)).toEqual([1, 8, 111]);
  });

  it('compute e^x to a relative 1e-14', () => {
    const exp = defineFunction('exp', ['from', 'to'], ({ from, to }, declare) => {
      const [at, result] = [declare('i32'), declare('v128')];
      return [loop(at, from, to, [exponential(v128.load(at), result, declare), v128.store(at, result)], 16)];
    });
    const memory = sharedMemory(1);
    const { exp: compiled } = instantiate(compileKernels([exp], 'SHARED'), memory) as {
      exp: (from: number, to: number) => void;
    };
    const inputs = Float64Array.from({ length: 2000 }, (_, i) => (i - 1000) * 0.69 + Math.sin(i));
    const outputs = new Float64Array(memory.buffer, 0, inputs.length);
    outputs.set(inputs);
    compiled(0, outputs.byteLength);
    inputs.forEach((x, i) => {
      const exact = Math.exp(x);
      expect(Math.abs(outputs[i]! / exact - 1)).toBeLessThan(1e-14 * Math.max(1, Math.abs(x) / 20));
    });
    outputs.set([5000, -5000]);
    compiled(0, 16);
    expect([outputs[0]! > 1e300, outputs[1]! < 1e-300 && outputs[1]! > 0]).toEqual([true, true]);
  });

  it('give both lanes a constant', () => {
    const put = defineFunction('put', ['at'], ({ at }) => [v128.store(at, f64x2.const(-0.1))]);
    const memory = sharedMemory(16);
    (instantiate(compileKernels([put], 'SHARED'), memory) as { put: (at: number) => void }).put(0);
    expect([...new Float64Array(memory.buffer, 0, 2)]).toEqual([-0.1, -0.1]);
  });
});
