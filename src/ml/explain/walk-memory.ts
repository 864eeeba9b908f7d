import { PAGE } from '../wasm/module.js';

/** Sizes in bytes. */
export const WORD = 4;
export const DOUBLE = 8;
export const VECTOR = 16;

/** What a walk works on, as 32-bit words at address 0: addresses, sizes in bytes, and counts. */
export const HEAD = {
  /** Where node 0 of the forest, its cover, and the values of its leaf 0 would lie. */
  nodes: 0,
  covers: 4,
  leaves: 8,
  /** By output, float64: sum of the leaves' values times their share of the training rows. */
  base: 12,
  /** By slot: the address of its player, a word each; a float32 for every row. */
  playerOf: 16,
  slots: 20,
  outputs: 24,
  rows: 28,
  /** The frame that is below no edge, and the size of a frame. */
  ground: 32,
  frame: 36,
  /** Within a frame: a rule's points for every row; the same for every row and output. */
  products: 40,
  sums: 44,
  bytes: 48,
} as const;

/** A column of a tree: the frame of its last edge on the way to the present node, and its parts, [rows, outputs, points]. */
export const PLAYER = { last: 0, parts: 4, bytes: 16 } as const;

/** A node on the way, and the edge that leads to it. Behind the table: how each row turns, a byte each. */
export const FRAME = {
  /** Address of the node, and how many of its children are done. */
  node: 0,
  done: 4,
  /** Share of the training rows that come here (float64). */
  share: 8,
  /** 1/z, z the share of training rows that take all edges of the edge's column so far (float64). */
  inverse: 16,
  player: 24,
  /** Frame of the last edge of the same column before. */
  before: 28,
  table: 32,
} as const;

/**
 * What a row makes of an edge's column: a cold column, one of whose edges the row does not take, stays cold; a hot one
 * turns cold or stays hot.
 */
export const TURN = { COLD: 0, TURNS_COLD: 1, HOT: 2 } as const;
export const TURNS = 3;

/** Bytes of a table: a factor for each turn and point, then a change for each. */
export function tableBytes(points: number): number {
  return 2 * TURNS * points * DOUBLE;
}

/** What walking down one tree takes. */
export interface WalkSize {
  readonly nodes: number;
  /** Nodes from root to leaf. */
  readonly levels: number;
  /** Points of the rule, an even number. */
  readonly points: number;
  /** Columns that the tree compares. */
  readonly players: number;
  readonly outputs: number;
  readonly slots: number;
  readonly rows: number;
}

/** Addresses; within a frame they count from its start. */
export interface WalkPlaces {
  readonly base: number;
  readonly playerOf: number;
  readonly players: number;
  readonly ground: number;
  readonly frame: number;
  readonly turns: number;
  readonly products: number;
  readonly sums: number;
  readonly parts: number;
  readonly part: number;
  readonly nodes: number;
  readonly covers: number;
  readonly leaves: number;
  readonly bytes: number;
}

/** Where the slots are, whatever the tree. */
export const SLOTS_AT = HEAD.bytes;

/** Lays out what a walk keeps. */
export function placesFor({ nodes, levels, points, players, outputs, slots, rows }: WalkSize): WalkPlaces {
  const base = aligned(SLOTS_AT + slots * rows * WORD);
  const playerOf = aligned(base + outputs * DOUBLE);
  // One more player than there are columns, for the root, which no edge leads to.
  const playersAt = aligned(playerOf + slots * WORD);
  const ground = playersAt + (players + 1) * PLAYER.bytes;
  const turns = FRAME.table + tableBytes(points);
  const products = aligned(turns + rows);
  const sums = products + rows * points * DOUBLE;
  const part = rows * outputs * points * DOUBLE;
  const frame = sums + part;
  const parts = ground + (levels + 1) * frame;
  const nodesAt = parts + (players + 1) * part;
  const covers = nodesAt + nodes * 2 * WORD;
  const leaves = covers + nodes * WORD;
  const bytes = leaves + ((nodes + 1) / 2) * outputs * WORD;
  const within = { ground, frame, turns, products, sums, parts, part };
  return { base, playerOf, players: playersAt, ...within, nodes: nodesAt, covers, leaves, bytes };
}

function aligned(bytes: number): number {
  return VECTOR * Math.ceil(bytes / VECTOR);
}

/** Kept for the next walk, unless it is larger. */
const MOST_KEPT = 16 * 2 ** 20;
let kept: WebAssembly.Memory | undefined;

/** A memory of at least that many bytes, for one walk at a time: the one given back last, if it is large enough. */
export function borrowMemory(bytes: number): WebAssembly.Memory {
  const memory = kept;
  if (!memory || memory.buffer.byteLength < bytes) return new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
  kept = undefined;
  return memory;
}

export function giveBack(memory: WebAssembly.Memory): void {
  if (memory.buffer.byteLength <= MOST_KEPT) kept = memory;
}
