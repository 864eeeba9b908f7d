import { runDivision } from '../training/container/run-division.js';
import { onLayout } from './on-layout.js';

/** Divides the data on the container layout under `root` for somebody else's training script. @returns the exit code. */
export async function divide(root: string): Promise<number> {
  return onLayout(root, runDivision);
}
