import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const CANDIDATES = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** A Chromium of this computer, if it has one. npm brings none: browser tests run where the system does. */
export const chromiumPath = CANDIDATES.find((path) => path !== undefined && existsSync(path));

export interface Browser {
  readonly page: Page;
  /** Requests to other origins, each of them refused. */
  readonly foreignRequests: string[];
  /** What the page complained about: errors, warnings, violations of its Content-Security-Policy. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/** Opens a browser with a new profile for which only one origin exists. */
export async function openBrowser(origin: string): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('No Chromium found. Install one, or set CHROMIUM_PATH to it.');
  const profile = await mkdtemp(join(tmpdir(), 'boucle-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    headless: true,
    viewport: { width: 1400, height: 850 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const foreignRequests: string[] = [];
  const complaints: string[] = [];
  await context.route(
    (url) => url.origin !== origin,
    (route) => {
      foreignRequests.push(route.request().url());
      return route.abort();
    },
  );
  const page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return {
    page,
    foreignRequests,
    complaints,
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
