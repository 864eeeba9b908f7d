import { nextTurn } from '../../../ml/statistics/next-turn.js';
import type { ReportColumn, ReportDocument } from '../report-document.js';
import { columnSection, verdictMark } from './column-section.js';
import { shorten } from '../../../platform/page/labels.js';
import { instantInWords } from '../../../platform/page/instant.js';
import { markup, Markup, NOTHING } from '../../../platform/page/markup.js';
import { count, plural } from '../../../platform/page/numbers.js';
import { MAP_FROM, overview } from './overview.js';
import { qualitySection } from './quality-section.js';
import { byConcern } from './strain.js';
import { PAGE_STYLE } from '../../../platform/page/style.js';
import { lengthInWords, windowInWords } from './window.js';
import { headline } from './wording.js';

export { PAGE_STYLE_HASH } from '../../../platform/page/style.js';

/** Columns without drift that are shown at once; the rest waits behind a click. */
const OPEN = 3;

/** Columns that are drawn, the most concerning first: a page has to end somewhere. */
const MOST_DRAWN = 400;

/** Characters that are drawn in a turn of the event loop: about twenty columns, a few milliseconds. */
const CHUNK = 1 << 17;

/** A report as one HTML document that asks for nothing else: no script, no style attribute, no other file. */
export function reportPage(document: ReportDocument): string {
  return [...parts(document)].join('');
}

/** The page in chunks with a turn of the event loop between them, for a server that has others to answer. */
export async function* reportPageChunks(document: ReportDocument): AsyncGenerator<string> {
  let chunk = '';
  for (const part of parts(document)) {
    chunk += part;
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = '';
    await nextTurn();
  }
  if (chunk !== '') yield chunk;
}

/** A part is at most a column. */
function* parts(document: ReportDocument): Generator<string> {
  const columns = byConcern(document.columns);
  const drawn = columns.slice(0, MOST_DRAWN);
  const anchors = new Map(drawn.map((column, i) => [column, `column-${i + 1}`]));
  const drifted = drawn.filter(({ verdict }) => verdict === 'DRIFT');
  const calm = drawn.slice(drifted.length);
  const others = drifted.length > 0 ? 'Other columns' : 'Columns';
  yield head(document).source;
  if (columns.length >= MAP_FROM) yield overview(columns, anchors).source;
  yield* columnGroup({ id: 'drifted', title: 'What drifted', columns: drifted, open: Infinity, anchors });
  yield qualitySection(document.quality).source;
  yield* columnGroup({
    id: 'others',
    title: others,
    columns: calm,
    open: calm.length > OPEN + 1 ? OPEN : Infinity,
    anchors,
  });
  yield foot(document, columns.length - drawn.length).source;
}

interface ColumnGroup {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly ReportColumn[];
  /** How many are shown without a click. */
  readonly open: number;
  readonly anchors: ReadonlyMap<ReportColumn, string>;
}

function* columnGroup({ id, title, columns, open, anchors }: ColumnGroup): Generator<string> {
  if (columns.length === 0) return;
  yield markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
`.source;
  for (const column of columns.slice(0, open)) yield columnSection(column, anchors.get(column)!).source;
  const folded = columns.slice(open);
  if (folded.length > 0) {
    yield markup`<details><summary>Show ${plural(folded.length, 'more column')}</summary>`.source;
    for (const column of folded) yield columnSection(column, anchors.get(column)!).source;
    yield '</details>';
  }
  yield '</section>\n';
}

function head(document: ReportDocument): Markup {
  const { model, version, verdict, summary } = document;
  const title = `${headline(document)} · ${shorten(model, 60)}, version ${version}`;
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><meta name="color-scheme" content="light dark"/><title>${title}</title><style>${new Markup(PAGE_STYLE)}</style></head>
<body><a class="skip" href="#main">Skip to the findings</a>
<header><p class="over">Drift report</p><h1>${verdictMark(verdict)}${headline(document)}</h1><p class="lead">${shorten(summary, 1000)}</p>${facts(document)}${contents(document)}</header>
<main id="main">
`;
}

function facts({
  model,
  version,
  algorithm,
  task,
  from,
  to,
  rows,
  referenceRows,
  createdAt,
  mode,
}: ReportDocument): Markup {
  const rules = mode === 'EVIDENTLY' ? markup`<div><dt>Rules</dt><dd>Evidently’s</dd></div>` : NOTHING;
  return markup`<dl class="facts"><div><dt>Model</dt><dd><bdi>${shorten(model)}</bdi><small>${TASK_WORDS[task]}</small></dd></div><div><dt>Version</dt><dd>${version}<small>${algorithm.replaceAll('_', ' ').toLowerCase()}</small></dd></div><div><dt>Window</dt><dd>${windowInWords(from, to)}<small>${lengthInWords(from, to)}, checked on ${instantInWords(createdAt)}</small></dd></div><div><dt>Predictions</dt><dd>${count(rows)}<small>against ${plural(referenceRows, 'training row')}</small></dd></div>${rules}</dl>`;
}

const TASK_WORDS: Readonly<Record<ReportDocument['task'], string>> = {
  REGRESSION: 'regression',
  CLASSIFICATION: 'classification',
};

function contents({ columns }: ReportDocument): Markup {
  const has = (drift: boolean): boolean => columns.some(({ verdict }) => (verdict === 'DRIFT') === drift);
  const links = [
    ...(columns.length >= MAP_FROM ? [['overview', 'All columns at a glance']] : []),
    ...(has(true) ? [['drifted', 'What drifted']] : []),
    ['quality', 'Quality'],
    ...(has(false) ? [['others', has(true) ? 'Other columns' : 'Columns']] : []),
  ];
  return markup`<nav aria-label="On this page"><ul>${links.map(([id, title]) => markup`<li><a href="#${id!}">${title!}</a></li>`)}</ul></nav>`;
}

function foot({ id }: ReportDocument, undrawn: number): Markup {
  const rest =
    undrawn > 0 ? markup`<p>${plural(undrawn, 'more column')} without a drawing: ask the API for them.</p>` : NOTHING;
  return markup`</main>
<footer>${rest}<p>Bars are shares of the rows that have a value; missing values are shares of all rows. Report ${shorten(id)}, by Boucle.</p></footer></body></html>
`;
}
