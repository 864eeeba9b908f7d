/**
 * Takes the README's pictures: `npm run build && node test/demo/screenshot.ts`. Runs the demo's steps, signs in to
 * GraphiQL in a browser for which no other origin exists, runs `predict` there, opens the page of the report that started
 * the retraining and the model card of the kind of weather, and writes docs/graphiql.png, docs/report.png and
 * docs/model-card.png.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBoucle } from '../support/boucle-process.ts';
import { openBrowser } from '../support/chromium.ts';
import { startCsvSource } from './csv-source.ts';
import { runFirstHalf } from './first-half.ts';
import { runSecondHalf } from './second-half.ts';
import { Administrator } from './session.ts';
import { Terminal } from './terminal.ts';
import { dealWeatherDays } from './weather-days.ts';

const home = await mkdtemp(join(tmpdir(), 'boucle-screenshot-'));
const days = dealWeatherDays(42);
const source = await startCsvSource('weather', days.header, days.known);
const boucle = await startBoucle({ home, env: { SOURCE_ALLOW_LIST: source.host } });
const browser = await openBrowser(boucle.url);
try {
  const session = await Administrator.register(boucle);
  const terminal = new Terminal(process.stdout);
  await runFirstHalf(session, source.url, terminal);
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
  const { drift } = await runSecondHalf(session, source, days, terminal);
  await page.goto(drift.at(-1)!.report.pageUrl);
  await page.screenshot({ path: 'docs/report.png' });
  const query = '{ model(name: "seattle-weather") { champion { cardUrl } } }';
  const { model } = await session.ask(query, {});
  await page.setViewportSize({ width: 1300, height: 1750 });
  await page.goto(model.champion.cardUrl);
  await page.screenshot({ path: 'docs/model-card.png' });
  if (browser.foreignRequests.length > 0) throw new Error(`The page asked for ${browser.foreignRequests.join(', ')}`);
} finally {
  await browser.close();
  source.close();
  await boucle.stop();
  await rm(home, { recursive: true, force: true });
}
