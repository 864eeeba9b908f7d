import { sharedMemory } from '../wasm/module.js';
import { TrainingDataError } from './errors.js';

/** What 32-bit addresses reach. */
const MAX_BYTES = 2 ** 32;

/**
 * Memory for rows, which WebAssembly and all threads can read.
 * @throws TrainingDataError TOO_LARGE if so much can't be addressed.
 */
export function trainingMemory(bytes: number): WebAssembly.Memory {
  if (bytes <= MAX_BYTES) return sharedMemory(bytes);
  const needed = (bytes / 2 ** 30).toFixed(1);
  const message = `These rows and columns need ${needed} GB, and 4 GB is the most that a training can hold. Take fewer rows, with a filter, or fewer features.`;
  throw new TrainingDataError('TOO_LARGE', message);
}
