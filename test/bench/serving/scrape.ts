/** Metrics of a server of ours by name; those with labels are left out. */
export async function scrape(port: number): Promise<Readonly<Record<string, number>>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const samples = (await response.text()).matchAll(/^(\w+) (\S+)$/gm);
  return Object.fromEntries(Array.from(samples, ([, name, value]) => [name!, Number(value)]));
}
