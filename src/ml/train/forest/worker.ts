import { parentPort, workerData } from 'node:worker_threads';
import type { ForestData } from './data.js';
import { growTree } from './tree.js';

/** Entry of a worker thread: gets the data at its start, then numbers of trees, and answers each with the tree. */
const data = workerData as ForestData;

parentPort!.on('message', (index: number) => {
  const tree = growTree(data, index);
  parentPort!.postMessage({ index, tree });
});
