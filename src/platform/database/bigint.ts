/** Transformer of a `bigint` column whose values stay below 2^53: the driver gives them as text. */
export const bigint = {
  to: (value: number | null) => value,
  from: (value: string | null) => (value === null ? null : Number(value)),
};
