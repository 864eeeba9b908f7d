import { parentPort, workerData } from 'node:worker_threads';
import { type CrewData, serveCrew } from './boosting/crew.js';
import type { ForestData } from './forest/data.js';
import { growTree } from './forest/tree.js';

/** Entry of a worker thread of any trainer: gets what it works on at its start. */
const data = workerData as CrewData | ForestData;

if (data.kind === 'BOOSTING') serveCrew(data);
else serveForest(data);

/** Gets numbers of trees, and answers each with the tree. */
function serveForest(forest: ForestData): void {
  parentPort!.on('message', (index: number) => {
    parentPort!.postMessage({ index, tree: growTree(forest, index) });
  });
}
