import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cardPage } from '../../src/models/card/page.js';
import { CARD_STYLE_HASH } from '../../src/models/card/style.js';
import type { CardDocument } from '../../src/models/card/card-document.js';
import { pagePolicy } from '../../src/platform/page/policy.js';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { cardSamples } from '../support/card-samples.js';
import { type Browser, chromiumPath, openBrowser } from '../support/chromium.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { collisions, overhang } from '../support/page-layout.js';
import { registerVersion, WEATHER } from '../support/served-model.js';

declare const document: any;
declare const innerWidth: number;
declare const getComputedStyle: (element: unknown) => { color: string; backgroundColor: string };
declare const DOMParser: any;

const KINDS = ['number', 'classes', 'binary', 'old', 'evil'];

let samples: Readonly<Record<string, CardDocument>>;

beforeAll(async () => {
  samples = await cardSamples();
});

/** The page as a server sends it: nothing is allowed but the one style sheet. */
function startServer(): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const sample = samples[url?.slice(1) ?? ''];
    response.setHeader('content-security-policy', pagePolicy(CARD_STYLE_HASH));
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.statusCode = sample ? 200 : 404;
    response.end(sample ? cardPage(sample) : '');
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      resolve(server);
    }),
  );
}

const inBrowser = chromiumPath === undefined && process.env['CI'] === undefined ? describe.skip : describe;

inBrowser('a model card in a browser', () => {
  let server: Server;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    server = await startServer();
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await openBrowser(origin);
  });
  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });

  async function open(name: string, width: number, colorScheme: 'light' | 'dark' = 'light'): Promise<void> {
    await browser.page.emulateMedia({ colorScheme });
    await browser.page.setViewportSize({ width, height: 900 });
    await browser.page.goto(`${origin}/${name}`);
  }

  it.each(KINDS)('is styled under its policy, runs nothing, asks for nothing (%s)', async (name) => {
    const requests: string[] = [];
    const note = (request: { url(): string }): number => requests.push(request.url());
    browser.page.on('request', note);
    await open(name, 1300);
    browser.page.off('request', note);
    expect(requests).toEqual([`${origin}/${name}`]);
    expect(browser.foreignRequests).toEqual([]);
    expect(browser.complaints).toEqual([]);
    expect(await browser.page.locator('h1').evaluate((h1: any) => getComputedStyle(h1).color)).toBe('rgb(22, 25, 29)');
    expect(await browser.page.locator('script, img, iframe, [style]').count()).toBe(0);
  });

  it.each(['number', 'classes', 'old', 'evil'])(
    'fits every width: nothing scrolls sideways, touches or sticks out (%s)',
    async (name) => {
      for (const width of [320, 800, 1300]) {
        await open(name, width);
        const scroll = await browser.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect([width, scroll <= 0]).toEqual([width, true]);
        expect([width, await browser.page.evaluate(collisions)]).toEqual([width, []]);
        expect([width, await browser.page.evaluate(overhang)]).toEqual([width, []]);
      }
    },
  );

  it('is dark where the reader prefers that', async () => {
    await open('classes', 1300, 'dark');
    const ground = await browser.page.locator('body').evaluate((body: any) => getComputedStyle(body).backgroundColor);
    expect(ground).toBe('rgb(14, 17, 21)');
  });

  it('is a tree of landmarks, headings and named drawings to a screen reader', async () => {
    await open('classes', 1300);
    const { page } = browser;
    expect(await page.getByRole('main').count()).toBe(1);
    expect(await page.getByRole('banner').count()).toBe(1);
    expect(await page.getByRole('navigation', { name: 'On this page' }).count()).toBe(1);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('seattle-weather, version 5');
    expect(await page.getByRole('table', { name: 'Metrics by split' }).count()).toBe(1);
    for (const name of [
      'ROC curve on',
      'Precision by recall',
      'Reliability curve',
      'Confusion matrix',
      'Importance of',
    ]) {
      expect([name, await page.getByRole('img', { name }).count()]).toEqual([name, 1]);
    }
    const titles = await page.getByRole('heading', { level: 2 }).allTextContents();
    expect(titles).toEqual(['Quality', 'Importance of columns', 'Data', 'Lineage']);
  });

  it('says what was not kept when an old version was trained', async () => {
    await open('old', 1300);
    const text = await browser.page.getByRole('main').textContent();
    for (const sentence of [
      'Intervals were not computed',
      'Curves were not kept',
      'It was not measured',
      'deleted since',
    ]) {
      expect(text).toContain(sentence);
    }
  });

  it('says how rows were weighed, and what a cross-validation found', async () => {
    await open('classes', 1300);
    const text = await browser.page.getByRole('main').textContent();
    expect(text).toContain('Weights of rowsby the column hours, snow × 3');
    expect(text).toContain('Cross-validation2 folds, Log loss 0.42 ± 0.01');
  });

  it('draws what a strict XML parser takes', async () => {
    await open('number', 800);
    const drawings = Object.values(samples).flatMap((sample) => cardPage(sample).match(/<svg .*?<\/svg>/gs)!);
    const problems = await browser.page.evaluate((sources: string[]) => {
      const parser = new DOMParser();
      const parse = (source: string): any => parser.parseFromString(source, 'image/svg+xml');
      return sources.filter((source) => parse(source).querySelector('parsererror') !== null);
    }, drawings);
    expect(problems).toEqual([]);
  });
});

describe('the path of a model card', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let viewer: Account;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    viewer = await signUp(boucle, database, 'VIEWER');
    await registerVersion(database, boucle.home, { model: 'weather', signature: WEATHER });
    await registerVersion(database, boucle.home, { model: 'weather', signature: WEATHER, stage: 'CANDIDATE' });
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  const cardUrl = async (version: number): Promise<string> => {
    const query = 'query ($version: Int!) { modelVersion(model: "weather", version: $version) { cardUrl } }';
    return (await boucle.ask(query, { version }, viewer.token)).modelVersion.cardUrl;
  };

  it('opens for viewers, and for an hour for whoever has its link', async () => {
    const link = await cardUrl(1);
    const linked = await fetch(link);
    expect(linked.status).toBe(200);
    expect(linked.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(linked.headers.get('content-security-policy')).toBe(pagePolicy(CARD_STYLE_HASH));
    const page = await linked.text();
    expect(page).toContain('<h1><bdi>weather</bdi>, version 1</h1>');
    const signedIn = await boucle.fetch('/models/weather/versions/1/card', { token: viewer.token });
    expect(await signedIn.text()).toBe(page);
    expect((await boucle.fetch('/models/weather/versions/1/card')).status).toBe(401);
  });

  it('opens nothing else', async () => {
    const link = new URL(await cardUrl(1));
    link.pathname = link.pathname.replace('versions/1', 'versions/2');
    expect((await fetch(link)).status).toBe(403);
    link.pathname = link.pathname.replace('models/weather', 'reports/weather');
    expect((await fetch(link)).status).not.toBe(200);
    expect((await boucle.fetch('/models/weather/versions/1/card/page?ticket=1.2')).status).toBe(403);
  });

  it.each([
    ['/models/weather/versions/9/card', 404],
    ['/models/nothing/versions/1/card', 404],
    ['/models/weather/versions/first/card', 400],
  ])('%s answers %i', async (path, status) => {
    expect((await boucle.fetch(path, { token: viewer.token })).status).toBe(status);
  });
});
