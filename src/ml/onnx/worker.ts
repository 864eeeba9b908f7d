import { parentPort, workerData } from 'node:worker_threads';
import { decodeModel } from './decode.js';
import { translate } from './program.js';

/** Entry of a loader's thread: gets the bytes of a model at its start and answers with the program, or ends by throwing. */
parentPort!.postMessage(translate(decodeModel(workerData as Uint8Array)));
