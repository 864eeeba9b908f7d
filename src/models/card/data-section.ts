import type { Feature } from '../../ml/schema/signature.js';
import { shorten } from '../../platform/page/labels.js';
import { markup, type Markup, NOTHING } from '../../platform/page/markup.js';
import { count, percent, plural } from '../../platform/page/numbers.js';
import type { Distribution } from '../artifact/manifest.js';
import type { CardDocument } from './card-document.js';
import { referencePlot } from './reference-plot.js';

/** Columns that are drawn: a page has to end somewhere. */
const MOST = 60;
/** Columns that are shown at once; the rest waits behind a click. */
const OPEN = 12;

const TYPE_WORDS: Readonly<Record<Feature['type'], string>> = {
  NUMBER: 'number',
  BOOLEAN: 'yes or no',
  STRING: 'category',
};

/** What the version learned from: the distribution of every column, which drift is later measured against. */
export function dataSection({ manifest, target }: CardDocument): Markup {
  const { signature, reference } = manifest;
  const cards = signature.features.slice(0, MOST).map((feature) => {
    const known = Object.hasOwn(reference.features, feature.name) ? reference.features[feature.name]! : null;
    return columnCard(feature.name, kindOf(feature), known, feature.type === 'BOOLEAN');
  });
  const output = columnCard(`${target}, as predicted`, 'output of the model', reference.output);
  const shown = [output, ...cards];
  const folded = shown.slice(OPEN);
  const more =
    folded.length === 0
      ? NOTHING
      : markup`<details><summary>Show ${plural(folded.length, 'more column')}</summary><div class="plots">${folded}</div></details>`;
  const undrawn = signature.features.length - cards.length;
  const rest =
    undrawn > 0 ? markup`<p class="change">${plural(undrawn, 'more column')} without a drawing.</p>` : NOTHING;
  return markup`<section id="data" aria-labelledby="data-title"><h2 id="data-title">Data</h2>
<p>${plural(reference.rows, 'row')} trained on, by ${plural(signature.features.length, 'column')}: the reference that drift is measured against.</p>
<div class="plots">${shown.slice(0, OPEN)}</div>${more}${rest}</section>
`;
}

function kindOf({ type, nullable, categories }: Feature): string {
  const kept = type === 'STRING' && categories ? `, ${plural(categories.length, 'value')} kept` : '';
  return `${TYPE_WORDS[type]}${kept}${nullable ? ', may be missing' : ''}`;
}

function columnCard(name: string, kind: string, distribution: Distribution, isBoolean = false): Markup {
  const content = distribution
    ? markup`<figure>${referencePlot(name, distribution, isBoolean)}</figure>`
    : markup`<p class="change">Nothing is known of its values.</p>`;
  return markup`<article class="card"><h3><bdi>${shorten(name, 60)}</bdi></h3><p class="note">${kind}${missing(distribution)}</p>${content}</article>`;
}

function missing(distribution: Distribution): string {
  if (!distribution) return '';
  const rows = distribution.counts.reduce((sum, own) => sum + own, 0);
  const none = distribution.counts.at(-1)!;
  return none === 0 ? '' : `, ${percent(none / Math.max(1, rows))} missing (${count(none)})`;
}
