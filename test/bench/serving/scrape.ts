/** Metrics of a server of ours by name; those with labels are left out. */
export async function scrape(port: number): Promise<Readonly<Record<string, number>>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const samples = (await response.text()).matchAll(/^(\w+) (\S+)$/gm);
  return Object.fromEntries(Array.from(samples, ([, name, value]) => [name!, Number(value)]));
}

/** Delays of the event loop since they were last asked for. */
export async function loopDelays(port: number): Promise<Readonly<Record<string, number>>> {
  const { nodejs_eventloop_lag_p99_seconds: p99, nodejs_eventloop_lag_max_seconds: max } = await scrape(port);
  return { 'loop delay p99, ms': 1_000 * p99!, 'loop delay max, ms': 1_000 * max! };
}
