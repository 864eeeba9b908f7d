/**
 * Takes the README's picture: `npm run build && node test/demo/screenshot.ts`. Runs the demo's steps, signs in to
 * GraphiQL in a browser for which no other origin exists, runs `predict` there, and writes docs/graphiql.png.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBoucle } from '../support/boucle-process.ts';
import { openBrowser } from '../support/chromium.ts';
import { runFirstHalf } from './first-half.ts';
import { Session } from './session.ts';
import { Terminal } from './terminal.ts';
import { dealWeatherDays } from './weather-days.ts';
import { startWeatherSource } from './weather-source.ts';

const home = await mkdtemp(join(tmpdir(), 'boucle-screenshot-'));
const days = dealWeatherDays(42);
const source = await startWeatherSource(days.header, days.known);
const boucle = await startBoucle({ home, env: { SOURCE_ALLOW_LIST: source.host } });
const browser = await openBrowser(boucle.url);
try {
  const session = await Session.open(boucle);
  await runFirstHalf(session, source.url, new Terminal(process.stdout));
  const { page } = browser;
  await page.goto(`${boucle.url}/graphiql`);
  await page.getByRole('button', { name: 'Show Sign in' }).click();
  const panel = page.getByRole('region', { name: 'Sign in' });
  await panel.getByLabel('E-mail').fill(session.email);
  await panel.getByLabel('Password').fill(session.password);
  await panel.getByRole('button', { name: 'Sign in' }).click();
  await panel.getByText('Signed in as').waitFor();
  await page.getByRole('tab', { name: 'Models' }).click();
  await page.waitForTimeout(1000);
  await page.getByRole('button', { name: /Execute query/ }).click();
  await page.locator('.result-window', { hasText: 'champion' }).waitFor();
  await page.getByRole('tab', { name: 'Predict' }).click();
  await page.waitForTimeout(1000);
  await page.getByRole('button', { name: /Execute query/ }).click();
  await page.locator('.result-window', { hasText: 'probabilities' }).waitFor();
  await mkdir('docs', { recursive: true });
  await page.screenshot({ path: 'docs/graphiql.png' });
  if (browser.foreignRequests.length > 0) throw new Error(`The page asked for ${browser.foreignRequests.join(', ')}`);
} finally {
  await browser.close();
  source.close();
  await boucle.stop();
  await rm(home, { recursive: true, force: true });
}
