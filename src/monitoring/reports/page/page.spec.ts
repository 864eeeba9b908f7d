import { createHash } from 'node:crypto';
import { EVIL_NAME, SAMPLES } from '../../../../test/support/report-samples.js';
import { xmlProblem } from '../../../../test/support/well-formed.js';
import type { QualityMetric, ReportDocument } from '../report-document.js';
import { PAGE_STYLE_HASH, reportPage, reportPageChunks } from './page.js';
import { qualityReading } from './wording.js';

const sample = (name: string): ReportDocument => SAMPLES[name]!;

describe('reportPage', () => {
  it.each(Object.keys(SAMPLES))('is well-formed and asks for nothing (%s)', (name) => {
    const page = reportPage(sample(name));
    expect(page.startsWith('<!doctype html>\n')).toBe(true);
    const bare = page.slice('<!doctype html>'.length).replace(/<style>[^]*?<\/style>/, '');
    expect(xmlProblem(bare)).toBeUndefined();
    expect(page).not.toMatch(/https?:|url\(|@import| src="| style="| on[a-z]+="|<script|<link|<img/);
    expect([...page.matchAll(/href="([^"]*)"/g)].every(([, target]) => target!.startsWith('#'))).toBe(true);
    expect(page.match(/<style>/g)).toHaveLength(1);
  });

  it('has one style sheet, with the exported hash', () => {
    const style = /<style>([^]*?)<\/style>/.exec(reportPage(sample('drift')))![1]!;
    expect(PAGE_STYLE_HASH).toBe(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  });

  it('gives every link a target and every id to one element', () => {
    const page = reportPage(sample('many'));
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id!);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of page.matchAll(/(?:href="#|aria-labelledby=")([^"]*)"/g)) expect(ids).toContain(target);
  });

  it('says the verdict first, then shows what drifted, most of all first', () => {
    const page = reportPage(sample('drift'));
    expect(page).toMatch(/<h1>.*Drift in 3 of 7 columns<\/h1>/);
    const titles = [...page.matchAll(/<h3 id="[^"]*"><bdi>([^<]*)/g)].map(([, title]) => title);
    expect(titles.slice(0, 3)).toEqual(['temperature max', 'weather', 'temperature min']);
    expect(titles).toHaveLength(7);
  });

  it.each([
    ['calm', 'No drift in 3 columns'],
    ['few', 'Too few rows to judge'],
    ['empty', 'No predictions to judge'],
    ['many', 'Drift in 8 of 200 columns'],
  ])('puts it in plain words (%s)', (name, words) => {
    expect(reportPage(sample(name))).toContain(`${words}</h1>`);
  });

  it('maps and folds many columns', () => {
    const page = reportPage(sample('many'));
    expect(page.match(/<a class="(?:l\d|none)"/g)).toHaveLength(200);
    expect(page).toContain('<summary>Show 189 more columns</summary>');
    expect(page.length).toBeLessThan(1.6e6);
    expect(reportPage(sample('drift'))).not.toContain('<ol class="heat"');
  });

  it('draws a bounded number of columns', () => {
    const { columns, ...document } = sample('many');
    const page = reportPage({
      ...document,
      columns: Array.from({ length: 15 }, () => columns)
        .flat()
        .map((column) => ({ ...column })),
    });
    expect(page.match(/<article/g)).toHaveLength(400);
    expect(page).toContain('2,600 more columns without a drawing');
  });

  it('keeps names what they are: text', () => {
    const page = reportPage(sample('evil'));
    expect(page).not.toContain(EVIL_NAME);
    expect(page).toContain('&lt;/title&gt;&lt;/style&gt;&lt;script&gt;alert(&quot;1&quot;)');
  });

  it('tells why there is no estimate, and what one rests on', () => {
    expect(reportPage(sample('drift'))).toContain(
      'There is none: the probabilities were not calibrated on the holdout',
    );
    const page = reportPage(sample('calm'));
    expect(page).toMatch(/<dt>Accuracy<\/dt><dd>0\.838<\/dd>/);
    expect(page).toContain('<li>the probabilities are calibrated</li>');
  });

  it('comes in chunks that make up the same page', async () => {
    const chunks: string[] = [];
    for await (const chunk of reportPageChunks(sample('many'))) chunks.push(chunk);
    expect(chunks.length).toBeGreaterThan(5);
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThan(200_000);
    expect(chunks.join('')).toBe(reportPage(sample('many')));
  });
});

describe('qualityReading', () => {
  const metric = (over: Partial<QualityMetric>): QualityMetric => {
    return { name: 'rmse', higherIsBetter: false, value: 5, low: 4, high: 6, holdout: 5, ...over };
  };

  it('calls a window worse or better only if its whole band is', () => {
    expect(qualityReading(metric({}))).toBe('EQUAL');
    expect(qualityReading(metric({ holdout: 3 }))).toBe('WORSE');
    expect(qualityReading(metric({ holdout: 7 }))).toBe('BETTER');
    expect(qualityReading(metric({ holdout: 3, higherIsBetter: true }))).toBe('BETTER');
    expect(qualityReading(metric({ holdout: null }))).toBeNull();
  });
});
