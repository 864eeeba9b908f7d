import { workerData } from 'node:worker_threads';

const INTERVAL_MS = 250;

/**
 * A thread that ends its whole process once the one that started it is dead. The process itself can't hear of that
 * while native code holds its main thread, which a hostile model does for ever.
 */
setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
}, INTERVAL_MS);
