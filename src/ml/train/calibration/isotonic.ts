/** A step function: values[i] for x up to thresholds[i], the last value beyond. Values never fall. */
export interface Steps {
  /** float32, ascending; one fewer than values. */
  readonly thresholds: readonly number[];
  readonly values: readonly number[];
}

/**
 * Isotonic regression of 0/1 outcomes by pooling adjacent violators (Ayer et al. 1955). Thresholds lie halfway between
 * neighbouring scores. No value is 0 or 1: n rows can't rule out what happens once in n + 2.
 *
 * @param scores float32, length n. @param outcomes 0 or 1, length n.
 */
export function fitIsotonic(scores: Float32Array, outcomes: Uint8Array): Steps {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
  const blocks: { sum: number; rows: number; first: number; last: number }[] = [];
  for (const row of order) {
    const score = scores[row]!;
    const previous = blocks.at(-1);
    if (previous?.last === score) {
      previous.sum += outcomes[row]!;
      previous.rows++;
    } else {
      blocks.push({ sum: outcomes[row]!, rows: 1, first: score, last: score });
    }
  }
  const pooled: typeof blocks = [];
  for (const block of blocks) {
    let current = block;
    for (let before = pooled.at(-1); before && !rises(before, current); before = pooled.at(-1)) {
      pooled.pop();
      const { sum, rows, first } = before;
      current = { sum: sum + current.sum, rows: rows + current.rows, first, last: current.last };
    }
    pooled.push(current);
  }
  const least = 1 / (scores.length + 2);
  return {
    thresholds: pooled.slice(1).map(({ first }, i) => halfway(pooled[i]!.last, first)),
    values: pooled.map(({ sum, rows }) => Math.min(Math.max(sum / rows, least), 1 - least)),
  };
}

export function stepAt({ thresholds, values }: Steps, x: number): number {
  const step = thresholds.findIndex((threshold) => x <= threshold);
  return values.at(step)!;
}

interface Block {
  readonly sum: number;
  readonly rows: number;
}

function rises(before: Block, after: Block): boolean {
  return before.sum * after.rows < after.sum * before.rows;
}

/** A float32 t with low ≤ t < high. */
function halfway(low: number, high: number): number {
  const middle = Math.fround(low / 2 + high / 2);
  return middle < high ? middle : low;
}
