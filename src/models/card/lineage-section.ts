import { shorten } from '../../platform/page/labels.js';
import { markup, type Markup, NOTHING } from '../../platform/page/markup.js';
import { count, figure } from '../../platform/page/numbers.js';
import { instantInWords } from '../../platform/page/instant.js';
import type { Manifest } from '../artifact/manifest.js';
import { metricFigure, metricTitle } from '../metric-words.js';
import type { PromotionAction } from '../stage.js';
import type { CardDocument, LedgerEntry } from './card-document.js';

const ACTION_WORDS: Readonly<Record<PromotionAction, string>> = {
  PROMOTED: 'Promoted',
  RECOMMENDED: 'Recommended',
  DECLINED: 'Declined',
  REJECTED: 'Rejected',
  ROLLED_BACK: 'Rolled back to',
  CHALLENGED: 'Challenge begun',
  CHALLENGE_ENDED: 'Challenge ended',
  DELETED: 'Deleted',
};

/** How it was trained, from what, and what was decided about it since. */
export function lineageSection(document: CardDocument): Markup {
  return markup`<section id="lineage" aria-labelledby="lineage-title"><h2 id="lineage-title">Lineage</h2>
<p>${originInWords(document)}</p>
<div class="card lineage">${origin(document)}${settings(document)}${ledger(document.ledger)}</div></section>
`;
}

function originInWords({ runId, manifest }: CardDocument): string {
  if (runId === null)
    return 'It was not trained here: somebody registered the file, and nobody knows the rows it learned from.';
  if (manifest.image === undefined)
    return 'The same snapshot, seed and hyperparameters give the same model file, byte by byte.';
  return 'A training script of its own made it, which was given the rows to train and to validate on, and none of those held out.';
}

function origin(document: CardDocument): Markup {
  const { dataset, manifest, runId, artifact, createdAt } = document;
  const { trainer, seed, files, image } = manifest;
  const snapshot = dataset
    ? markup`<bdi>${shorten(dataset.name, 60)}</bdi>, version ${dataset.version}${dataset.rows === null ? NOTHING : markup`, ${count(dataset.rows)} rows`}`
    : markup`deleted since`;
  const onnx = files['model.onnx'];
  return markup`<dl class="pairs"><div><dt>Dataset</dt><dd>${snapshot}<br/><code>sha256 ${manifest.dataset.contentHash}</code></dd></div><div><dt>${runId === null ? 'Origin' : 'Training run'}</dt><dd>registered on ${instantInWords(createdAt)} UTC${runId === null ? NOTHING : markup`<br/><code>${runId}</code>`}</dd></div><div><dt>Trainer</dt><dd>${shorten(trainer, 60)}, seed ${String(seed)}${image === undefined ? NOTHING : markup`<br/><code>${image}</code>`}</dd></div>${weights(manifest)}${crossValidation(document)}<div><dt>Artifact</dt><dd>model.tar.gz, ${count(artifact.bytes)} bytes<br/><code>sha256 ${artifact.sha256}</code></dd></div>${onnx ? markup`<div><dt>Model file</dt><dd>model.onnx, ${count(onnx.bytes)} bytes<br/><code>sha256 ${onnx.sha256}</code></dd></div>` : NOTHING}</dl>`;
}

function weights({ weights: given }: Manifest): Markup {
  if (given === undefined) return NOTHING;
  const column = given.column === undefined ? [] : [`by the column ${shorten(given.column, 60)}`];
  const classes = Object.entries(given.classes ?? {}).map(([label, weight]) => {
    return `${shorten(label, 60)} × ${figure(weight, 6)}`;
  });
  return markup`<div><dt>Weights of rows</dt><dd><bdi>${[...column, ...classes].join(', ')}</bdi></dd></div>`;
}

function crossValidation({ manifest, primaryMetric }: CardDocument): Markup {
  const { folds, metrics } = manifest.crossValidation ?? {};
  if (folds === undefined) return NOTHING;
  const summary = metrics?.[primaryMetric];
  const result = summary
    ? `, ${metricTitle(primaryMetric)} ${metricFigure(summary.mean)}${summary.deviation === null ? '' : ` ± ${metricFigure(summary.deviation)}`}`
    : '';
  return markup`<div><dt>Cross-validation</dt><dd>${folds.length} folds${result}</dd></div>`;
}

function settings({ manifest }: CardDocument): Markup {
  const entries = Object.entries(manifest.hyperparameters);
  const list =
    entries.length === 0
      ? markup`<p class="change">None.</p>`
      : markup`<ul class="settings">${entries.map(([name, value]) => markup`<li><b>${value === null ? 'automatic' : figure(value, 6)}</b><span>${shorten(name, 60)}</span></li>`)}</ul>`;
  return markup`<div><h3>Hyperparameters</h3>${list}</div>`;
}

function ledger(entries: readonly LedgerEntry[]): Markup {
  const list =
    entries.length === 0
      ? markup`<p class="change">Nothing was decided about this version yet.</p>`
      : markup`<ol class="events">${entries.map(({ action, reason, actorId, at }) => markup`<li><b>${ACTION_WORDS[action]}</b> by ${actorId === null ? 'the gate' : markup`the user <code>${actorId}</code>`}<small>${instantInWords(at)} UTC. ${shorten(reason, 600)}</small></li>`)}</ol>`;
  return markup`<div><h3>Ledger</h3>${list}</div>`;
}
