/** Positions of rows that a thread takes at a time; more where there would be too many chunks to count. */
const CHUNK_ROWS = 4096;
export const MAX_CHUNKS = 32_768;

/** A part of a task's positions. */
export interface Chunk {
  /** Number of the chunk within its task. */
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

export function chunkCount(start: number, end: number): number {
  return Math.ceil((end - start) / chunkRows(start, end));
}

/** Chunk `index` of the positions [start, end): the same one for every thread. */
export function chunkOf(start: number, end: number, index: number): Chunk {
  const rows = chunkRows(start, end);
  const from = start + index * rows;
  return { index, from, to: Math.min(from + rows, end) };
}

function chunkRows(start: number, end: number): number {
  return Math.max(CHUNK_ROWS, Math.ceil((end - start) / MAX_CHUNKS));
}
