/** The step of 1, 2 or 5 times a power of ten that divides a span into about so many. */
export function niceStep(span: number, steps: number): number {
  const raw = span / steps;
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5].find((candidate) => candidate * power >= raw * 0.999) ?? 10;
  return factor * power;
}

/** Multiples of a nice step from low to high. Empty if there is no finite, positive span. */
export function niceTicks(low: number, high: number, steps: number): { step: number; ticks: number[] } {
  const span = high - low;
  if (!(span > 0 && Number.isFinite(span))) return { step: 1, ticks: [] };
  const step = niceStep(span, steps);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks: number[] = [];
  // Of values that lie too close for floating point, such as 1e17 and its neighbour, there are no steps between.
  if (!Number.isSafeInteger(first) || last - first > 4 * steps) return { step, ticks };
  for (let i = first; i <= last; i++) ticks.push(Number((i * step).toPrecision(12)));
  return { step, ticks };
}

/** An axis from 0 that holds the value: its end is a tick. */
export function axisFromZero(largest: number, steps: number): { end: number; ticks: number[] } {
  const step = niceStep(largest > 0 ? largest : 1, steps);
  const last = Math.max(1, Math.ceil((largest > 0 ? largest : 1) / step - 1e-9));
  const ticks = Array.from({ length: last + 1 }, (_, i) => Number((i * step).toPrecision(12)));
  return { end: ticks[last]!, ticks };
}
