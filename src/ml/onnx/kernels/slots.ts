import type { Slots } from './forest.js';
import type { Frame } from './kernel.js';

/**
 * Forest nodes compare slots, not features: a slot is a feature with the missing value already sent where its nodes
 * want it, or the outcome of an equality test. So the walk knows a single comparison, slot > threshold.
 */
export const SLOT = {
  /** NaN goes left: no comparison with it holds. */
  MISSING_LEFT: 0,
  /** NaN becomes +∞, which exceeds every threshold. */
  MISSING_RIGHT: 1,
  /** 1 if the feature equals `operand`, else 0; NaN gives 0. */
  EQUAL: 2,
  /** As EQUAL, but NaN gives 1. */
  EQUAL_OR_MISSING: 3,
} as const;

export type SlotKind = (typeof SLOT)[keyof typeof SLOT];

/** Numbers the distinct slots of a forest in order of first use. */
export class SlotTable {
  private readonly numbers = new Map<string, number>();
  private readonly plain = new Map<number, number>();
  private readonly slots: { kind: SlotKind; feature: number; operand: number }[] = [];

  get size(): number {
    return this.slots.length;
  }

  number(kind: SlotKind, feature: number, operand: number): number {
    if (kind === SLOT.MISSING_LEFT || kind === SLOT.MISSING_RIGHT) {
      return this.find(this.plain, feature * 2 + kind, kind, feature, 0);
    }
    return this.find(this.numbers, `${kind} ${feature} ${operand}`, kind, feature, operand);
  }

  build(): Slots {
    return {
      kinds: Uint8Array.from(this.slots, (slot) => slot.kind),
      features: Int32Array.from(this.slots, (slot) => slot.feature),
      operands: Float32Array.from(this.slots, (slot) => slot.operand),
    };
  }

  private find<K>(known: Map<K, number>, key: K, kind: SlotKind, feature: number, operand: number): number {
    const number = known.get(key);
    if (number !== undefined) return number;
    known.set(key, this.slots.length);
    this.slots.push({ kind, feature, operand });
    return this.slots.length - 1;
  }
}

/** Where slots go: row r's slot s lies at `at` + ⌊r / lanes⌋ × stride + s × lanes + r mod lanes. */
export interface SlotTarget {
  readonly values: Float32Array;
  readonly at: number;
  readonly stride: number;
  readonly lanes: number;
}

/** Fills the slots of all rows of a frame from the features that begin at column `from`. */
export function fillSlots(slots: Slots, frame: Frame, from: number, target: SlotTarget): void {
  const { kinds, features, operands } = slots;
  const { values, stride, rows } = frame;
  for (let row = 0, base = from, lane = 0, group = target.at; row < rows; row++, base += stride) {
    for (let slot = 0, to = group + lane; slot < kinds.length; slot++, to += target.lanes) {
      target.values[to] = slotValue(kinds[slot]!, values[base + features[slot]!]!, operands[slot]!);
    }
    if (++lane === target.lanes) {
      lane = 0;
      group += target.stride;
    }
  }
}

function slotValue(kind: number, value: number, operand: number): number {
  if (kind === SLOT.MISSING_LEFT) return value;
  if (kind === SLOT.MISSING_RIGHT) return Number.isNaN(value) ? Infinity : value;
  return Number(value === operand || (kind === SLOT.EQUAL_OR_MISSING && Number.isNaN(value)));
}
