/** Bounds of one extraction, whatever its source. */
export interface ExtractionLimits {
  /** Most bytes read from the source, and most bytes after unpacking. */
  readonly maxBytes: number;
  /** Most objects below a prefix of a bucket. */
  readonly maxObjects: number;
  readonly maxRows: number;
  readonly maxColumns: number;
  /** Longest line of a CSV file and longest object of a JSON file, in bytes. */
  readonly maxLineBytes: number;
  /** Most bytes that one compressed byte may become. */
  readonly maxGzipRatio: number;
  /** Time for the whole extraction. */
  readonly timeoutMs: number;
}

export const DEFAULT_LIMITS: ExtractionLimits = {
  maxBytes: 20 * 2 ** 30,
  maxObjects: 10_000,
  maxRows: 500_000_000,
  maxColumns: 2000,
  maxLineBytes: 2_000_000,
  maxGzipRatio: 300,
  timeoutMs: 3_600_000,
};
