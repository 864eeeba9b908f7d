import { runSearch } from '../training/container/run-search.js';
import { onLayout } from './on-layout.js';

/** Searches for hyperparameters on the container layout under `root`. @returns the exit code. */
export async function search(root: string): Promise<number> {
  return onLayout(root, runSearch);
}
