import { nextTurn } from '../../ml/statistics/next-turn.js';
import { instantInWords } from '../../platform/page/instant.js';
import { shorten } from '../../platform/page/labels.js';
import { markup, Markup, NOTHING } from '../../platform/page/markup.js';
import { count, plural } from '../../platform/page/numbers.js';
import type { VersionAlgorithm } from '../algorithm.js';
import { metricFigure, metricTitle } from '../metric-words.js';
import type { Stage } from '../stage.js';
import type { CardDocument } from './card-document.js';
import { dataSection } from './data-section.js';
import { importanceSection } from './importance-section.js';
import { lineageSection } from './lineage-section.js';
import { qualitySection } from './metrics-section.js';
import { CARD_STYLE } from './style.js';

const ALGORITHM_WORDS: Readonly<Record<VersionAlgorithm, string>> = {
  LINEAR_REGRESSION: 'Linear regression',
  LOGISTIC_REGRESSION: 'Logistic regression',
  RANDOM_FOREST: 'Random forest',
  GRADIENT_BOOSTING: 'Gradient boosting',
  FOREIGN: 'Model from elsewhere',
};

const STAGE_WORDS: Readonly<Record<Stage, { title: string; badge: string; means: string }>> = {
  CHAMPION: { title: '● Champion', badge: 'NO_DRIFT', means: 'serves by default' },
  CHALLENGER: { title: '◐ Challenger', badge: 'TOO_FEW_ROWS', means: 'on trial, or waits for approval' },
  CANDIDATE: { title: '○ Candidate', badge: 'TOO_FEW_ROWS', means: 'registered, not chosen' },
  RETIRED: { title: '○ Retired', badge: 'TOO_FEW_ROWS', means: 'was champion' },
  REJECTED: { title: '✕ Rejected', badge: 'DRIFT', means: 'never served' },
};

/** A model card as one HTML document that asks for nothing else (Mitchell et al. 2019): no script, no other file. */
export function cardPage(document: CardDocument): string {
  return [...parts(document)].join('');
}

/** The card in chunks with a turn of the event loop between them. */
export async function* cardPageChunks(document: CardDocument): AsyncGenerator<string> {
  for (const part of parts(document)) {
    yield part;
    await nextTurn();
  }
}

function* parts(document: CardDocument): Generator<string> {
  yield head(document).source;
  yield qualitySection(document).source;
  yield importanceSection(document.manifest.importance).source;
  yield dataSection(document).source;
  yield warningsSection(document).source;
  yield lineageSection(document).source;
  yield foot().source;
}

function head(document: CardDocument): Markup {
  const { model, version, target, manifest } = document;
  const title = `${shorten(model, 60)}, version ${version}`;
  const { features, classes } = manifest.signature;
  const what = classes ? `one of ${classes.length} classes` : 'a number';
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><meta name="color-scheme" content="light dark"/><title>${`Model card · ${title}`}</title><style>${new Markup(CARD_STYLE)}</style></head>
<body><a class="skip" href="#main">Skip to the quality</a>
<header><p class="over">Model card</p><h1><bdi>${shorten(model, 60)}</bdi>, version ${version}</h1><p class="lead">${ALGORITHM_WORDS[document.algorithm]} that predicts <bdi>${shorten(target, 60)}</bdi>, ${what}, from ${plural(features.length, 'column')}.</p>${facts(document)}${contents(document)}</header>
<main id="main">
`;
}

function facts({ stage, passedFloors, primaryMetric, manifest, createdAt, dataset }: CardDocument): Markup {
  const { title, badge, means } = STAGE_WORDS[stage];
  const { train, validation, holdout } = manifest.metrics;
  const { low = null, high = null } = manifest.intervals?.metrics[primaryMetric] ?? {};
  const interval = low === null || high === null ? '' : `${metricFigure(low)} to ${metricFigure(high)}; `;
  const bounds = `${interval}baseline ${metricFigure(manifest.baseline.holdout.scores[primaryMetric] ?? null)}`;
  const rows = train.rows + validation.rows + holdout.rows;
  const snapshot = dataset
    ? markup`<bdi>${shorten(dataset.name, 40)}</bdi>, version ${dataset.version}`
    : markup`deleted since`;
  return markup`<dl class="facts"><div><dt>Stage</dt><dd><span class="badge ${badge}">${title}</span><small>${means}</small></dd></div><div><dt>${metricTitle(primaryMetric)}, held out</dt><dd>${metricFigure(holdout.scores[primaryMetric] ?? null)}<small>${bounds}</small></dd></div><div><dt>Rows</dt><dd>${count(rows)}<small>${count(train.rows)} training, ${count(validation.rows)} validation, ${count(holdout.rows)} holdout</small></dd></div><div><dt>Dataset</dt><dd>${snapshot}<small>trained on ${instantInWords(createdAt)} UTC</small></dd></div><div><dt>Floors of the gate</dt><dd>${passedFloors ? 'passed' : 'not passed'}<small>${passedFloors ? 'better than the bounds set for the model' : 'the gate does not promote it'}</small></dd></div></dl>`;
}

function contents({ manifest }: CardDocument): Markup {
  const links = [
    ['quality', 'Quality'],
    ['importance', 'Importance'],
    ['data', 'Data'],
    ...(manifest.warnings.length > 0 ? [['warnings', 'Warnings']] : []),
    ['lineage', 'Lineage'],
  ];
  return markup`<nav aria-label="On this page"><ul>${links.map(([id, title]) => markup`<li><a href="#${id!}">${title!}</a></li>`)}</ul></nav>`;
}

function warningsSection({ manifest }: CardDocument): Markup {
  if (manifest.warnings.length === 0) return NOTHING;
  return markup`<section id="warnings" aria-labelledby="warnings-title"><h2 id="warnings-title">Warnings</h2>
<p>What the training found remarkable.</p><div class="card"><ul class="warnings">${manifest.warnings.map(({ message }) => markup`<li>${shorten(message, 600)}</li>`)}</ul></div></section>
`;
}

function foot(): Markup {
  return markup`</main>
<footer><p>Metrics and drawings are of held-out rows unless they say otherwise. Times are UTC. By Boucle.</p></footer></body></html>
`;
}
