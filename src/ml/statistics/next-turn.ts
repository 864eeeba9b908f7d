/** Ends the turn of the event loop, so that long computations let others have theirs. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
