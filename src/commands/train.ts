import { runContainer } from '../training/container/run-container.js';
import { onLayout } from './on-layout.js';

/** Trains one model on the container layout under `root`. @returns the exit code; with 0 the model folder is complete. */
export async function train(root: string): Promise<number> {
  return onLayout(root, runContainer);
}
