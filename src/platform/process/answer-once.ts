/** How far a process is, in units of its own, such as rows. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** What a process tells whoever asked it: how far it is, as often as it likes, then its answer. */
export type ProcessMessage<Answer> = { readonly progress: Progress } | { readonly answer: Answer };

/** The other side of `askProcess`: answers the one order that this process gets, and ends with whoever gave it. */
export function answerOnce<Answer>(
  answer: (order: never, report: (progress: Progress) => void) => Promise<Answer>,
): void {
  const send = (message: ProcessMessage<Answer>, sent?: () => void): void => {
    process.send?.(message, undefined, undefined, sent);
  };
  process.once('disconnect', () => {
    process.exit(1); // Whoever wanted the answer is gone.
  });
  process.once('message', (order) => {
    void answer(order as never, (progress) => {
      send({ progress });
    }).then((result) => {
      send({ answer: result }, () => {
        process.exit(0);
      });
    });
  });
}
