import type { ReportColumn } from '../report-document.js';
import { shorten } from '../../../platform/page/labels.js';
import { markup, type Markup, NOTHING } from '../../../platform/page/markup.js';
import { figure, plural } from '../../../platform/page/numbers.js';
import { columnStrain } from './strain.js';
import { VERDICT_WORDS } from './wording.js';

/** More columns than a reader has in view at once get a map. */
export const MAP_FROM = 8;

/**
 * A square for each column, the darker the closer its score is to the threshold. For the eye and the pointer alone: the
 * sections below hold the same in words, so a screen reader and the tab key need not walk hundreds of squares.
 */
export function overview(columns: readonly ReportColumn[], anchors: ReadonlyMap<ReportColumn, string>): Markup {
  return markup`<section id="overview" aria-labelledby="overview-title"><h2 id="overview-title">All columns at a glance</h2>
<p>${plural(columns.length, 'column')} by the largest score of each relative to its threshold.</p>
<ol class="heat" aria-hidden="true">${columns.map((column) => square(column, anchors.get(column)))}</ol>
<ul class="key" aria-hidden="true"><li><i class="l0"></i>far below the threshold</li><li><i class="l3"></i>close to it</li><li><i class="l4"></i>drift</li><li><i class="l5"></i>beyond 2 ×</li><li><i class="l6"></i>beyond 5 ×</li><li><i class="none"></i>too few rows</li></ul></section>`;
}

function square(column: ReportColumn, anchor: string | undefined): Markup {
  const strain = columnStrain(column);
  const score = strain === null ? '' : `, ${figure(strain, 2)} × threshold`;
  const title = `${shorten(column.name, 60)}: ${VERDICT_WORDS[column.verdict].toLowerCase()}${score}`;
  const link = anchor === undefined ? NOTHING : markup` href="#${anchor}"`;
  return markup`<li><a class="${levelOf(column, strain ?? 0)}"${link} tabindex="-1" title="${title}"></a></li>`;
}

function levelOf({ verdict }: ReportColumn, strain: number): string {
  if (verdict === 'TOO_FEW_ROWS') return 'none';
  if (verdict === 'NO_DRIFT') return `l${Math.floor(4 * Math.min(Math.max(strain, 0), 0.99))}`;
  return strain > 5 ? 'l6' : strain > 2 ? 'l5' : 'l4';
}
