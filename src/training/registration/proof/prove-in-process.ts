import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../errors/app-error.js';
import { OutputTail } from '../../backend/output-tail.js';
import type { ProofMessage, ProofOrder, ProofPhase } from './proof-order.js';

const PROGRAM = fileURLToPath(new URL('./proof-process.js', import.meta.url));
/**
 * Sets limits on memory and on seconds of CPU, then becomes the program. The limit on data counts what a process may
 * write to: its heaps and the memory of libraries, but not the space that V8 only reserves. The one on CPU is for a
 * process that stays behind all the same.
 */
const LIMITED = 'ulimit -d "$1" && ulimit -t "$2" && shift 2 && exec "$@"';
/** Seconds of CPU for each second of the clock: reading the data uses several cores. */
const CPU_FACTOR = 4;

export interface ProofLimits {
  readonly timeoutMs: number;
  readonly memoryBytes: number;
}

export type ProofOutcome =
  | { readonly kind: 'PROVEN' }
  /** `output` is what the process wrote last, for the log. */
  | { readonly kind: 'REFUSED'; readonly reason: string; readonly output: string };

/**
 * Has a file proven by a process of its own: one that crashes, hangs or eats memory takes that process with it, and no
 * other.
 *
 * @param say hears what the process is at.
 * @param program compiled `proof-process.ts`; by default the file beside this one.
 * @throws AppError UPSTREAM_FAILED if the process is stopped from outside, the signal's reason once it is aborted, and
 *   Error for what is no fault of the file.
 */
export async function proveInProcess(
  order: Omit<ProofOrder, 'timeoutMs'>,
  limits: ProofLimits,
  signal: AbortSignal,
  say: (phase: ProofPhase) => void,
  program = PROGRAM,
): Promise<ProofOutcome> {
  const child = start(limits, [program, order.folder]);
  const output = new OutputTail();
  output.read(child.stderr!);
  const ended = once(child, 'close');
  const kill = (): void => void child.kill('SIGKILL');
  const timer = setTimeout(kill, limits.timeoutMs);
  signal.addEventListener('abort', kill, { once: true });
  let phase: ProofPhase = 'reading the file';
  let answer: Exclude<ProofMessage, { kind: 'PHASE' }> | undefined;
  child.on('message', (message: ProofMessage) => {
    if (message.kind !== 'PHASE') {
      answer = message;
      return;
    }
    phase = message.phase;
    say(phase);
  });
  const began = performance.now();
  try {
    signal.throwIfAborted();
    child.send({ ...order, timeoutMs: limits.timeoutMs } satisfies ProofOrder, () => undefined); // Where it is dead already, its end tells so.
    await ended;
    signal.throwIfAborted();
  } finally {
    kill();
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  }
  const isLate = performance.now() - began >= limits.timeoutMs;
  return answer
    ? outcomeOf(answer, output)
    : { kind: 'REFUSED', reason: endOf(child, phase, limits, isLate), output: output.log };
}

/** @param program with its arguments: the folder tells people whose process it is. */
function start({ memoryBytes, timeoutMs }: ProofLimits, program: readonly string[]): ChildProcess {
  const kibibytes = Math.floor(memoryBytes / 1024);
  const cpuSeconds = Math.ceil((timeoutMs / 1000) * CPU_FACTOR);
  const limited = [LIMITED, 'sh', String(kibibytes), String(cpuSeconds), process.execPath, ...program];
  const child = spawn('/bin/sh', ['-c', ...limited], {
    // Nothing of our own environment: a proof needs no secret. The IPC channel tells it when we die.
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  // Predictions come first where both share a machine.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  return child;
}

function outcomeOf(answer: Exclude<ProofMessage, { kind: 'PHASE' }>, { log }: OutputTail): ProofOutcome {
  if (answer.kind === 'FAILED') throw new Error(`a file could not be proven: ${answer.problem}`);
  return answer.kind === 'REFUSED' ? { ...answer, output: log } : answer;
}

/** Why a process that was to answer ended without. */
function endOf(
  { signalCode, exitCode }: ChildProcess,
  phase: ProofPhase,
  { timeoutMs, memoryBytes }: ProofLimits,
  isLate: boolean,
): string {
  if (isLate) {
    return `It was stopped while ${phase}, after ${timeoutMs / 1000} s. Register a smaller model, choose a smaller dataset version, or ask an administrator to raise ONNX_TIMEOUT_SECONDS.`;
  }
  if (signalCode === 'SIGTERM' || signalCode === 'SIGINT') {
    throw new AppError(
      'UPSTREAM_FAILED',
      'The check of the file was stopped from outside, as at the shutdown of a machine. If it does not begin again by itself, register the file again.',
    );
  }
  const how = signalCode ?? `exit code ${exitCode ?? 'unknown'}`;
  return `It made the process that tried it die (${how}) while ${phase}: it crashes the runtime, or needs more memory than the ${Math.floor(memoryBytes / 2 ** 20)} MiB of ONNX_MEMORY_BYTES. Export it again, or ask an administrator to raise that limit.`;
}
