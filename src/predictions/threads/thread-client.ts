import { Worker } from 'node:worker_threads';
import { AppError } from '../../errors/app-error.js';
import { revived } from './error-data.js';
import type {
  OpenedBody,
  OpenOrder,
  Question,
  ScoredBody,
  ScoreOrder,
  ThreadAnswer,
  ThreadOrder,
  ThreadVersion,
} from './thread-messages.js';

const PROGRAM = new URL('./scoring-thread.js', import.meta.url);

interface Asked {
  readonly resolve: (answer: ThreadAnswer) => void;
  readonly reject: (error: Error) => void;
}

type Unnumbered<Order> = Order extends unknown ? Omit<Order, 'id'> : never;

/** A thread, from outside. */
export class ThreadClient {
  private readonly worker: Worker;
  private readonly asked = new Map<number, Asked>();
  private readonly versions = new Set<string>();
  private lastId = 0;
  private failure: Error | undefined;
  private isStopped = false;

  /** @param lost is called if it ends by itself. @param program entry of the thread. */
  constructor(lost: (cause: Error) => void, program = PROGRAM) {
    this.worker = new Worker(program);
    this.worker.on('message', (answer: ThreadAnswer) => {
      this.settle(answer);
    });
    this.worker.on('error', (error: Error) => (this.failure = error));
    this.worker.on('exit', (code) => {
      this.failure ??= new Error(`It ended with code ${code}.`);
      for (const { reject } of this.asked.values()) reject(ended(this.failure));
      this.asked.clear();
      if (!this.isStopped) lost(this.failure);
    });
  }

  /**
   * Reads a body.
   * @returns what is to be known of it, and the number under which the thread keeps its rows.
   * @throws AppError BAD_INPUT for one of another form, UNAVAILABLE if the thread ends.
   */
  async open(order: OpenOrder): Promise<{ readonly id: number; readonly opened: OpenedBody }> {
    const answer = await this.ask({ kind: 'open', order }, [order.body.buffer]);
    if ('opened' in answer) return answer;
    throw unexpected('open');
  }

  /** The bytes of a body, which can't be scored there any more. @throws AppError UNAVAILABLE if the thread ends. */
  async takeBack(opened: number): Promise<Uint8Array> {
    const answer = await this.ask({ kind: 'take-back', opened });
    if ('body' in answer) return answer.body;
    throw unexpected('take-back');
  }

  /**
   * Scores an opened body.
   * @param version is sent to the thread unless it has it.
   * @throws AppError BAD_INPUT for wrong rows, UNAVAILABLE if the thread ends.
   */
  async score(order: Omit<ScoreOrder, 'versionId'>, version: ThreadVersion): Promise<ScoredBody> {
    const { versionId } = version;
    if (!this.versions.has(versionId)) this.send({ kind: 'model', version });
    this.versions.add(versionId);
    const answer = await this.ask({ kind: 'score', order: { ...order, versionId } });
    if ('scored' in answer) return answer.scored;
    throw unexpected('score');
  }

  close(opened: number): void {
    this.send({ kind: 'close', opened });
  }

  forget(versionId: string): void {
    if (this.versions.delete(versionId)) this.send({ kind: 'forget', versionId });
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.worker.terminate();
  }

  private ask(question: Unnumbered<Question>, moved: readonly ArrayBuffer[] = []): Promise<ThreadAnswer> {
    if (this.failure) return Promise.reject(ended(this.failure));
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
      this.send({ ...question, id }, moved);
    });
  }

  private send(order: ThreadOrder, moved: readonly ArrayBuffer[] = []): void {
    this.worker.postMessage(order, moved);
  }

  private settle(answer: ThreadAnswer): void {
    const asked = this.asked.get(answer.id);
    this.asked.delete(answer.id);
    if ('error' in answer) asked?.reject(revived(answer.error));
    else asked?.resolve(answer);
  }
}

function ended(cause: Error): AppError {
  return new AppError(
    'UNAVAILABLE',
    'The thread that was to score these rows has ended. Try again shortly, with fewer rows at once.',
    undefined,
    { cause },
  );
}

function unexpected(kind: Question['kind']): Error {
  return new Error(`A thread has answered "${kind}" with something else.`);
}
