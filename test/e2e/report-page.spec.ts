import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drawDistribution } from '../../src/monitoring/reports/page/distribution.js';
import { PAGE_STYLE_HASH, reportPage } from '../../src/monitoring/reports/page/page.js';
import { type Browser, chromiumPath, openBrowser } from '../support/chromium.js';
import { collisions, overhang } from '../support/page-layout.js';
import { SAMPLES } from '../support/report-samples.js';

declare const document: any;
declare const innerWidth: number;
declare const getComputedStyle: (element: unknown) => { color: string; backgroundColor: string };
declare const DOMParser: any;

/** The page as a server sends it: nothing is allowed but the one style sheet. */
function startServer(): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const sample = SAMPLES[url?.slice(1) ?? ''];
    response.setHeader('content-security-policy', `default-src 'none'; style-src ${PAGE_STYLE_HASH}`);
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.statusCode = sample ? 200 : 404;
    response.end(sample ? reportPage(sample) : '');
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      resolve(server);
    }),
  );
}

const inBrowser = chromiumPath === undefined && process.env['CI'] === undefined ? describe.skip : describe;

inBrowser('the page of a report in a browser', () => {
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

  it.each(Object.keys(SAMPLES))('is styled under its policy, runs nothing, asks for nothing (%s)', async (name) => {
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

  it.each(['drift', 'categories', 'evil', 'many'])(
    'needs no sideways scrolling at 320 and 400 pixels (%s)',
    async (name) => {
      for (const width of [320, 400]) {
        await open(name, width);
        expect(
          await browser.page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
        ).toBeLessThanOrEqual(0);
      }
    },
  );

  it.each(['drift', 'categories', 'evil'])(
    'has drawings whose texts neither touch nor leave the drawing (%s)',
    async (name) => {
      for (const width of [400, 1300]) {
        await open(name, width);
        expect(await browser.page.evaluate(collisions)).toEqual([]);
      }
    },
  );

  it('keeps tables and text inside their cards at every width', async () => {
    for (const width of [400, 800, 970, 1130, 1220, 1300]) {
      await open('drift', width);
      expect(await browser.page.evaluate(overhang)).toEqual([]);
    }
  });

  it('is dark where the reader prefers that', async () => {
    await open('drift', 1300, 'dark');
    const ground = await browser.page.locator('body').evaluate((body: any) => getComputedStyle(body).backgroundColor);
    expect(ground).toBe('rgb(14, 17, 21)');
  });

  it('is a tree of landmarks, headings and named tables to a screen reader', async () => {
    await open('drift', 1300);
    const { page } = browser;
    expect(await page.getByRole('main').count()).toBe(1);
    expect(await page.getByRole('banner').count()).toBe(1);
    expect(await page.getByRole('navigation', { name: 'On this page' }).count()).toBe(1);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('Drift in 3 of 7 columns');
    expect(await page.getByRole('article', { name: 'temperature max' }).count()).toBe(1);
    expect(await page.getByRole('table', { name: 'Checks of temperature max' }).count()).toBe(1);
    expect(await page.getByRole('img', { name: 'Distribution of temperature max' }).count()).toBe(1);
  });

  it('draws what a strict XML parser takes', async () => {
    await open('few', 800);
    const drawings = Object.values(SAMPLES).flatMap(({ columns }) => columns.slice(0, 8).map(drawDistribution));
    const problems = await browser.page.evaluate((sources: string[]) => {
      const parser = new DOMParser();
      const parse = (source: string): any => parser.parseFromString(source, 'image/svg+xml');
      return sources.filter((source) => parse(source).querySelector('parsererror') !== null);
    }, drawings);
    expect(problems).toEqual([]);
  });
});
