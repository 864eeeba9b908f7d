import { copyMemory, fillMemory, i32, type I32, i64x2, type Statement, v128 } from '../../wasm/expressions.js';
import { compileKernels, defineFunction, instantiate, type KernelFunction, loop } from '../../wasm/module.js';
import { ENTRY } from './entry.js';

/** Columns that are counted together. More of them would push each other's bins out of the cache. */
const GROUP = 32;
/** Rows that are touched together before they are counted. */
const AHEAD = 64;

/** All arguments are byte addresses in the shared memory, or counts. */
export interface BoostingKernels {
  /** See derive-kernel.ts. */
  derive(from: number, to: number, output: number): void;
  /** Adds the derivatives of `count` rows, listed at `order`, to the bins of all columns. */
  fill(order: number, count: number, histogram: number): void;
  /** target += source, or −=, over `bytes` of entries. */
  add(target: number, source: number, bytes: number): void;
  subtract(target: number, source: number, bytes: number): void;
  /**
   * Moves row numbers that go left to the front, in their old order, and copies the others to `right`.
   * @param codes address of the column's codes.
   * @param goesLeft address of 256 bytes: 1 where rows with that code go left.
   * @returns how many went left.
   */
  partition(order: number, count: number, codes: number, goesLeft: number, right: number): number;
  copy(target: number, source: number, bytes: number): void;
  clear(target: number, bytes: number): void;
}

/** Where the kernels find the rows; constants of the generated code. */
export interface RowLayout {
  /** Row-major codes [rows, columns], a byte each. */
  readonly codes: number;
  /** Derivatives of each row. */
  readonly entries: number;
  /** Where each column begins in a histogram, in bins. */
  readonly offsets: readonly number[];
  /** Four bytes that nobody reads. */
  readonly sink: number;
}

/** The kernels for rows of that shape, to be instantiated by every thread. */
export function compileBoosting(layout: RowLayout, derive: KernelFunction): WebAssembly.Module {
  const columns = layout.offsets.length - 1;
  const groups = Array.from({ length: Math.ceil(columns / GROUP) }, (_, group) =>
    fillGroup(layout, group * GROUP, Math.min((group + 1) * GROUP, columns)),
  );
  const add = combine('add', i64x2.add);
  return compileKernels(
    [derive, ...groups, add, combine('subtract', i64x2.sub), partition(), copy(), clear()],
    'SHARED',
  );
}

export function boostingKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): BoostingKernels {
  const exported = instantiate(module, memory);
  const groups = Object.entries(exported)
    .filter(([name]) => name.startsWith('fill'))
    .map(([, fill]) => fill as BoostingKernels['fill']);
  return {
    ...(exported as unknown as Omit<BoostingKernels, 'fill'>),
    fill: (order, count, histogram) => {
      for (const fill of groups) fill(order, count, histogram);
    },
  };
}

/**
 * Per row one vector is read and added to one bin of every column; the columns are unrolled, so that each one's place
 * in the histogram is a constant of the instruction.
 *
 * Deep in a tree the rows of a node lie far apart, and each would be waited for in turn. So a loop that does nothing but
 * read runs ahead: its reads do not wait for each other.
 */
function fillGroup({ codes, entries, offsets, sink }: RowLayout, from: number, to: number): KernelFunction {
  return defineFunction(`fill${from}`, ['order', 'count', 'histogram'], ({ order, count, histogram }, declare) => {
    const [block, blockEnd, position, end] = [declare('i32'), declare('i32'), declare('i32'), declare('i32')];
    const [row, first, bin, touched] = [declare('i32'), declare('i32'), declare('i32'), declare('i32')];
    const entry = declare('v128');
    const readRow: Statement[] = [
      row.set(i32.load(position)),
      first.set(i32.mul(row, i32.const(offsets.length - 1))),
      row.set(i32.shl(row, i32.const(4))),
    ];
    const touch = [i32.load8U(first, codes + from), i32.load8U(first, codes + to - 1), i32.load8U(row, entries)];
    const countColumns = Array.from({ length: to - from }, (_, i): Statement => {
      const offset = offsets[from + i]! * ENTRY;
      return [
        ...bin.set(i32.add(histogram, i32.shl(i32.load8U(first, codes + from + i), i32.const(4)))),
        ...v128.store(bin, i64x2.add(v128.load(bin, offset), entry), offset),
      ];
    });
    return [
      end.set(i32.add(order, i32.shl(count, i32.const(2)))),
      loop(
        block,
        order,
        end,
        [
          blockEnd.set(i32.add(block, i32.const(4 * AHEAD))),
          blockEnd.set(i32.select(end, blockEnd, i32.geU(blockEnd, end))),
          loop(position, block, blockEnd, [...readRow, touched.set(touch.reduce(i32.xor, touched))], 4),
          loop(position, block, blockEnd, [...readRow, entry.set(v128.load(row, entries)), ...countColumns], 4),
        ],
        4 * AHEAD,
      ),
      i32.store(i32.const(sink), touched),
    ];
  });
}

function combine(name: string, operation: typeof i64x2.add): KernelFunction {
  return defineFunction(name, ['target', 'source', 'bytes'], ({ target, source, bytes }, declare) => {
    const at = declare('i32');
    const [to, from] = [i32.add(target, at), i32.add(source, at)];
    return [loop(at, i32.const(0), bytes, [v128.store(to, operation(v128.load(to), v128.load(from)))], ENTRY)];
  });
}

/** Writes every row number to both sides and moves on only where it belongs: there is no branch to mispredict. */
function partition(): KernelFunction {
  const parameters = ['order', 'count', 'codes', 'goesLeft', 'right'] as const;
  return defineFunction(
    'partition',
    parameters,
    ({ order, count, codes, goesLeft, right }, declare) => {
      const [position, end] = [declare('i32'), declare('i32')];
      const [row, goes, left] = [declare('i32'), declare('i32'), declare('i32')];
      const moveRow = [
        row.set(i32.load(position)),
        goes.set(i32.load8U(i32.add(goesLeft, i32.load8U(i32.add(codes, row))))),
        i32.store(left, row),
        i32.store(right, row),
        left.set(advance(left, goes)),
        right.set(advance(right, i32.sub(i32.const(1), goes))),
      ];
      return [
        left.set(order),
        end.set(advance(order, count)),
        loop(position, order, end, moveRow, 4),
        i32.shrU(i32.sub(left, order), i32.const(2)).code,
      ];
    },
    'i32',
  );
}

/** The address so many row numbers further on. */
function advance(address: I32, rows: I32): I32 {
  return i32.add(address, i32.shl(rows, i32.const(2)));
}

function copy(): KernelFunction {
  return defineFunction('copy', ['target', 'source', 'bytes'], ({ target, source, bytes }) => [
    copyMemory(target, source, bytes),
  ]);
}

function clear(): KernelFunction {
  return defineFunction('clear', ['target', 'bytes'], ({ target, bytes }) => [fillMemory(target, i32.const(0), bytes)]);
}
