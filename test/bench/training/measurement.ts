/** What a contender prints about one training. */
export interface Measurement {
  readonly versions: Readonly<Record<string, string>>;
  readonly seconds: number;
  /** What the training added to the resident memory at its peak; absent where it can't be read. */
  readonly peakBytes?: number;
  /** Of a linear model in units of the data: numbers first, in the order of the columns. */
  readonly coefficients?: readonly number[];
}
