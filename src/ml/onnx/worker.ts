import { parentPort, workerData } from 'node:worker_threads';
import { decodeModel } from './decode.js';
import { translate } from './program.js';

/** Entry of a loader's thread: gets the bytes of a model at its start and answers with the program, or ends by throwing. */
const program = translate(decodeModel(workerData as Uint8Array));

/** A forest's large arrays change hands instead of being copied. */
const arrays = program.nodes.flatMap(({ forest: compiled }) =>
  compiled
    ? [compiled.forest.words, compiled.forest.leaves, ...(compiled.covers ? [compiled.covers] : [])].map(
        ({ buffer }) => buffer,
      )
    : [],
);
parentPort!.postMessage(program, arrays);
