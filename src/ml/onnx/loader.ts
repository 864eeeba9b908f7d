import { Worker } from 'node:worker_threads';
import { OnnxFormatError, UnsupportedGraphError } from './model.js';
import type { Program } from './program.js';

/** Bytes copied between two looks at the event loop: about a millisecond's worth. */
const COPY_BYTES = 1 << 20;

/** The load underway, if any. One at a time: more would only compete for the same cores and memory. */
let last: Promise<void> = Promise.resolve();

/**
 * Decodes and translates a model on a thread of its own, which ends with the work. The calling thread only copies the
 * bytes, a piece at a time; a forest's large arrays are shared memory and come back without a copy.
 *
 * @param bytes of an `.onnx` file; they must not change until the result is there.
 * @param workerUrl compiled `worker.ts`; by default the file beside this one.
 * @throws OnnxFormatError and UnsupportedGraphError as `decodeModel` and `translate` do.
 */
export async function loadProgram(bytes: Uint8Array, workerUrl?: URL): Promise<Program> {
  const load = last.then(() => loadOnThread(bytes, workerUrl ?? new URL('./worker.js', import.meta.url)));
  // Whoever asked for it gets its error, and keeps its program or not; the next load only waits.
  const done = (): void => undefined;
  last = load.then(done, done);
  return load;
}

async function loadOnThread(bytes: Uint8Array, workerUrl: URL): Promise<Program> {
  const worker = new Worker(workerUrl, { workerData: await sharedCopy(bytes) });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', (error) => {
      reject(revived(error));
    });
    worker.once('exit', (code) => {
      reject(new Error(`The thread that loads a model ended early with code ${code}; load it again.`));
    });
  });
}

/** Memory that both threads see, so that starting the worker copies nothing. */
async function sharedCopy(bytes: Uint8Array): Promise<Uint8Array> {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  for (let from = 0; from < bytes.length; from += COPY_BYTES) {
    copy.set(bytes.subarray(from, from + COPY_BYTES), from);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return copy;
}

/** An error keeps its name, message and stack on its way between threads, but not its class. */
function revived(error: Error): Error {
  if (error.name === 'OnnxFormatError') return new OnnxFormatError(error.message, { cause: error });
  if (error.name === 'UnsupportedGraphError') return new UnsupportedGraphError(error.message, { cause: error });
  return error;
}
