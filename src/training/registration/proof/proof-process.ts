import { Worker } from 'node:worker_threads';
import type { ProofOrder } from './proof-order.js';

/** In MB. Without them V8 gives a thread as much room for code as the process, which counts as memory that it may write to. */
const WATCH_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, codeRangeSizeMb: 4, stackSizeMb: 1 };
const watch = new Worker(new URL('./parent-watch.js', import.meta.url), {
  workerData: process.ppid,
  resourceLimits: WATCH_LIMITS,
});
watch.unref();
process.once('disconnect', () => {
  process.exit(1); // Whoever wanted the answer is gone.
});
// Loading all that a proof takes lasts a while: the watch begins before.
const { answerProof } = await import('./answer-proof.js');
process.once('message', (order: ProofOrder) => {
  void answerProof(order).then((message) => {
    process.send?.(message, undefined, undefined, () => {
      process.exit(0);
    });
  });
});
