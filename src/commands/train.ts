import { runContainer } from '../training/container/run-container.js';
import { runSearch } from '../training/container/run-search.js';
import { asksForSearch } from '../training/container/search-order.js';
import { onLayout } from './on-layout.js';

/**
 * Trains one model on the container layout under `root`, or searches, where that is what the layout asks for: platforms
 * start an image with `train`, whatever it is to do.
 * @returns the exit code; with 0 the model folder is complete.
 */
export async function train(root: string): Promise<number> {
  return onLayout(root, async (layout, options) => {
    await ((await asksForSearch(layout)) ? runSearch : runContainer)(layout, options);
  });
}
