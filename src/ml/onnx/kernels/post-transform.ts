import type { NodeReader } from './kernel.js';

export type PostTransform = 'NONE' | 'LOGISTIC' | 'SOFTMAX';

/** A transform of a single score is refused: ONNX Runtime leaves such scores as they are, the specification doesn't. */
export function readPostTransform(node: NodeReader, width: number): PostTransform {
  const transform = node.text('post_transform', 'NONE');
  if (transform === 'NONE') return transform;
  const known = transform === 'LOGISTIC' || transform === 'SOFTMAX';
  if (!known || width < 2) throw node.unsupported(`post_transform ${transform} of ${width} scores is not supported`);
  return transform;
}

/** Turns the `width` raw scores that begin at `at` into the operator's outputs, in place. */
export function transformScores(values: Float32Array, at: number, width: number, transform: PostTransform): void {
  switch (transform) {
    case 'NONE':
      return;
    case 'LOGISTIC':
      for (let i = at; i < at + width; i++) values[i] = logistic(values[i]!);
      return;
    case 'SOFTMAX':
      softmax(values, at, width);
  }
}

/** 1 / (1 + e^−x), from the side that can't overflow. */
export function logistic(x: number): number {
  const tail = 1 / (1 + Math.exp(-Math.abs(x)));
  return x < 0 ? 1 - tail : tail;
}

/** e^(x − max) over their sum. */
function softmax(values: Float32Array, at: number, width: number): void {
  let max = -3.4028234663852886e38;
  for (let i = at; i < at + width; i++) if (values[i]! > max) max = values[i]!;
  let sum = 0;
  for (let i = at; i < at + width; i++) sum += values[i] = Math.exp(values[i]! - max);
  for (let i = at; i < at + width; i++) values[i] = values[i]! / sum;
}
