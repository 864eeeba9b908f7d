/** Calls `stop` once, on SIGTERM or SIGINT, and ends the process after it, or when the time is over. */
export function onStopSignal(limitSeconds: number, stop: () => Promise<void>): void {
  let stopping = false;
  const handle = (): void => {
    if (stopping) process.exit(1); // A second Ctrl-C means now.
    stopping = true;
    setTimeout(() => process.exit(1), limitSeconds * 1000).unref();
    void stop().finally(() => process.exit());
  };
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
}
