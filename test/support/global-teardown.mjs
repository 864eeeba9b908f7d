import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const { home, stop } = globalThis.boucleTestServer;
  await stop();
  await rm(home, { recursive: true, force: true });
}
