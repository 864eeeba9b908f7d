import { LEAF_MASK } from '../onnx/kernels/forest.js';
import { f32, f64, type F64, f64x2, i32, type I32, type Statement, v128 } from '../wasm/expressions.js';
import {
  compileKernels,
  countDown,
  type Declare,
  defineFunction,
  either,
  instantiate,
  type Local,
  repeatWhile,
} from '../wasm/module.js';
import { fillTable } from './edge-table.js';
import type { Quadrature } from './quadrature.js';
import { DOUBLE, FRAME, HEAD, PLAYER, tableBytes, TURNS, VECTOR, WORD } from './walk-memory.js';

/**
 * Goes on with a tree, edge by edge, from the frame of the present node.
 * @param steps that may be taken; an edge costs `cost`.
 * @returns the frame to go on from, the ground frame at the end.
 */
export type WalkKernel = (frame: number, steps: number, cost: number) => number;

const modules = new Map<string, WebAssembly.Module>();

/** The walk with a rule, over a memory laid out as `placesFor` says. */
export function walkKernel(rule: Quadrature, slotBits: number, memory: WebAssembly.Memory): WalkKernel {
  const key = `${rule.points.length} ${slotBits}`;
  let module = modules.get(key);
  if (!module) modules.set(key, (module = compileKernels([new Writer(rule, slotBits).walk()], 'OWN')));
  return instantiate(module, memory)['walk'] as WalkKernel;
}

const head = (place: number): I32 => i32.load(i32.const(place));

class Writer {
  /** Bytes of a row of points, and the offsets of its vectors. */
  private readonly row: number;
  private readonly vectors: readonly number[];
  private readonly turnsAt: number;

  constructor(
    private readonly rule: Quadrature,
    private readonly slotBits: number,
  ) {
    const { length } = rule.points;
    this.row = length * DOUBLE;
    this.vectors = Array.from({ length: length / 2 }, (_, i) => i * VECTOR);
    this.turnsAt = FRAME.table + tableBytes(length);
  }

  walk() {
    return defineFunction(
      'walk',
      ['frame', 'steps', 'cost'],
      ({ frame, steps, cost }, declare) => {
        const left = declare('i32');
        const goesOn = i32.and(i32.ne(frame, head(HEAD.ground)), i32.greater(left, i32.const(0)));
        return [
          left.set(steps),
          repeatWhile(goesOn, [
            either(
              i32.eq(i32.load(frame, FRAME.done), i32.const(2)),
              this.ascend(frame, declare),
              this.descend(frame, declare),
            ),
            left.set(i32.sub(left, cost)),
          ]),
          frame.code,
        ];
      },
      'i32',
    );
  }

  /** Goes down the edge to the next child; of a leaf also back up. */
  private descend(frame: Local<'i32'>, declare: Declare): Statement[] {
    const [side, node, word, child, slot] = declareFive(declare);
    const [player, before, below, values, leaf] = declareFive(declare);
    const [ratio, share] = [declare('f64'), declare('f64')];
    const coverOf = (address: I32): F64 =>
      f64.fromF32(f32.load(i32.add(head(HEAD.covers), i32.shrU(i32.sub(address, head(HEAD.nodes)), i32.const(1)))));
    const place = i32.add(i32.shrU(word, i32.const(this.slotBits)), side);
    const firstKid = i32.shrU(i32.load(child, WORD), i32.const(this.slotBits));
    const nodeAt = (number: I32): I32 => i32.add(head(HEAD.nodes), i32.shl(number, i32.const(3)));
    const edge = { side, node, before, frame, below, values };
    return [
      side.set(i32.load(frame, FRAME.done)),
      i32.store(frame, i32.add(side, i32.const(1)), FRAME.done),
      node.set(i32.load(frame, FRAME.node)),
      word.set(i32.load(node, WORD)),
      child.set(nodeAt(place)),
      slot.set(i32.and(word, i32.const((1 << this.slotBits) - 1))),
      player.set(i32.load(i32.add(head(HEAD.playerOf), i32.shl(slot, i32.const(2))))),
      before.set(i32.load(player, PLAYER.last)),
      below.set(i32.add(frame, head(HEAD.frame))),
      values.set(i32.add(head(HEAD.slots), i32.shl(i32.mul(slot, head(HEAD.rows)), i32.const(2)))),
      ratio.set(f64.div(coverOf(child), coverOf(node))),
      share.set(f64.mul(f64.load(frame, FRAME.share), ratio)),
      f64.store(below, f64.div(f64.load(before, FRAME.inverse), ratio), FRAME.inverse),
      ...fillTable(this.rule, before, below, declare),
      either(
        i32.eq(nodeAt(firstKid), child),
        [
          leaf.set(i32.mul(i32.and(i32.load(child), i32.const(LEAF_MASK)), i32.shl(head(HEAD.outputs), i32.const(2)))),
          leaf.set(i32.add(leaf, head(HEAD.leaves))),
          ...this.addLeaf(edge, leaf, share, player, declare),
        ],
        [
          ...this.enter(edge, declare),
          i32.store(below, child, FRAME.node),
          i32.store(below, i32.const(0), FRAME.done),
          f64.store(below, share, FRAME.share),
          i32.store(below, player, FRAME.player),
          i32.store(below, before, FRAME.before),
          i32.store(player, below, PLAYER.last),
          frame.set(below),
        ],
      ),
    ];
  }

  /** Each row's turn and product at the node below. */
  private enter(edge: Edge, declare: Declare): Statement[] {
    const [turns, products, target, turn, rows] = declareFive(declare);
    const { frame, below } = edge;
    const step = this.takeTurn(edge, turn, declare);
    const factors = declare('i32');
    return [
      ...step.begin,
      turns.set(i32.add(below, i32.const(this.turnsAt))),
      products.set(i32.add(frame, head(HEAD.products))),
      target.set(i32.add(below, head(HEAD.products))),
      rows.set(head(HEAD.rows)),
      countDown(rows, [
        ...step.take,
        i32.store8(turns, turn),
        factors.set(this.rowOf(below, turn)),
        ...this.vectors.map((at) =>
          v128.store(target, f64x2.mul(v128.load(products, at), v128.load(factors, FRAME.table + at)), at),
        ),
        ...advance([turns, 1], [products, this.row], [target, this.row]),
      ]),
    ];
  }

  /** Adds a leaf to the base, to the sums of the node above, and to the parts of the edge's column. */
  private addLeaf(edge: Edge, leaf: I32, share: Local<'f64'>, player: I32, declare: Declare): Statement[] {
    const [value, base, left, products, sums] = declareFive(declare);
    const [parts, turn, factors, rows] = declareFive(declare);
    const scale = declare('v128');
    const points = this.vectors.map((at) => ({ at, product: declare('v128'), part: declare('v128') }));
    const step = this.takeTurn(edge, turn, declare);
    const changes = FRAME.table + TURNS * this.row;
    const worth = f64.mul(share, f64.fromF32(f32.load(value)));
    const eachOutput = (body: readonly Statement[]): Statement[] => [
      value.set(leaf),
      left.set(head(HEAD.outputs)),
      countDown(left, [...body, ...advance([value, WORD])]),
    ];
    return [
      base.set(head(HEAD.base)),
      ...eachOutput([f64.store(base, f64.add(f64.load(base), worth)), ...advance([base, DOUBLE])]),
      ...step.begin,
      products.set(i32.add(edge.frame, head(HEAD.products))),
      sums.set(i32.add(edge.frame, head(HEAD.sums))),
      parts.set(i32.load(player, PLAYER.parts)),
      rows.set(head(HEAD.rows)),
      countDown(rows, [
        ...step.take,
        factors.set(this.rowOf(edge.below, turn)),
        ...points.flatMap(({ at, product, part }) => [
          product.set(f64x2.mul(v128.load(products, at), v128.load(factors, FRAME.table + at))),
          part.set(f64x2.mul(product, v128.load(factors, changes + at))),
        ]),
        ...eachOutput([
          scale.set(f64x2.splat(worth)),
          ...points.flatMap(({ at, product, part }) => [
            v128.store(sums, f64x2.add(v128.load(sums, at), f64x2.mul(scale, product)), at),
            v128.store(parts, f64x2.add(v128.load(parts, at), f64x2.mul(scale, part)), at),
          ]),
          ...advance([sums, this.row], [parts, this.row]),
        ]),
        ...advance([products, this.row]),
      ]),
    ];
  }

  /** Settles the part that the edge's column has in the sums of this node, and moves them to the node above. */
  private ascend(frame: Local<'i32'>, declare: Declare): Statement[] {
    const [turns, own, sums, parts, player] = declareFive(declare);
    const [factors, left, rows, above] = declareFive(declare);
    const sum = declare('v128');
    const points = this.vectors.map((at) => ({ at, change: declare('v128') }));
    const changes = FRAME.table + TURNS * this.row;
    return [
      player.set(i32.load(frame, FRAME.player)),
      i32.store(player, i32.load(frame, FRAME.before), PLAYER.last),
      above.set(i32.sub(frame, head(HEAD.frame))),
      turns.set(i32.add(frame, i32.const(this.turnsAt))),
      own.set(i32.add(frame, head(HEAD.sums))),
      sums.set(i32.add(above, head(HEAD.sums))),
      parts.set(i32.load(player, PLAYER.parts)),
      rows.set(head(HEAD.rows)),
      countDown(rows, [
        factors.set(this.rowOf(frame, i32.load8U(turns))),
        ...points.map(({ at, change }) => change.set(v128.load(factors, changes + at))),
        left.set(head(HEAD.outputs)),
        countDown(left, [
          ...points.flatMap(({ at, change }) => [
            sum.set(v128.load(own, at)),
            v128.store(own, f64x2.const(0), at),
            v128.store(sums, f64x2.add(v128.load(sums, at), sum), at),
            v128.store(parts, f64x2.add(v128.load(parts, at), f64x2.mul(sum, change)), at),
          ]),
          ...advance([own, this.row], [sums, this.row], [parts, this.row]),
        ]),
        ...advance([turns, 1]),
      ]),
      frame.set(above),
    ];
  }

  /** A row's turn: cold before stays cold, hot before depends on whether the row takes the edge. */
  private takeTurn({ side, node, before, values }: Edge, turn: Local<'i32'>, declare: Declare) {
    const [last, value, hot] = [declare('i32'), declare('i32'), declare('i32')];
    const right = f32.greater(f32.load(value), f32.load(node));
    const takes = i32.eq(right, side);
    return {
      begin: [last.set(i32.add(before, i32.const(this.turnsAt))), value.set(values)],
      take: [
        hot.set(i32.shrU(i32.load8U(last), i32.const(1))),
        turn.set(i32.add(hot, i32.and(hot, takes))),
        ...advance([last, 1], [value, WORD]),
      ],
    };
  }

  /** Address from which the offset of the table leads to a turn's factors. */
  private rowOf(frame: I32, turn: I32): I32 {
    return i32.add(frame, i32.mul(turn, i32.const(this.row)));
  }
}

/** The edge to a child of the node at `frame`: its column's last edge before, and the rows' slots that it compares. */
type Edge = Readonly<Record<'side' | 'node' | 'before' | 'frame' | 'below' | 'values', Local<'i32'>>>;

function declareFive(declare: Declare): [Local<'i32'>, Local<'i32'>, Local<'i32'>, Local<'i32'>, Local<'i32'>] {
  return [declare('i32'), declare('i32'), declare('i32'), declare('i32'), declare('i32')];
}

function advance(...steps: readonly (readonly [Local<'i32'>, number])[]): Statement[] {
  return steps.map(([pointer, bytes]) => pointer.set(i32.add(pointer, i32.const(bytes))));
}
