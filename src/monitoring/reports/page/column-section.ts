import { DRIFT_METHODS } from '../../../ml/statistics/drift/methods.js';
import type { CheckVerdict, Verdict } from '../../../ml/statistics/drift/verdict.js';
import type { ReportColumn } from '../report-document.js';
import { distributionInPage } from './distribution.js';
import { shorten } from '../../../platform/page/labels.js';
import { markup, type Markup, NOTHING } from '../../../platform/page/markup.js';
import { count, figure, probability } from '../../../platform/page/numbers.js';
import { strainOf } from './strain.js';
import { changeInWords, METHOD_WORDS, ROLE_WORDS, VERDICT_WORDS, wayInWords } from './wording.js';

const TYPE_WORDS: Readonly<Record<ReportColumn['type'], string>> = {
  NUMBER: 'number',
  BOOLEAN: 'yes or no',
  STRING: 'category',
};

const MARKS: Readonly<Record<Verdict, string>> = { DRIFT: '▲', NO_DRIFT: '●', TOO_FEW_ROWS: '○' };

/** The sign of a verdict, beside its words: it differs in shape, not only in colour. */
export function verdictMark(verdict: Verdict): Markup {
  return markup`<span class="mark ${verdict}" aria-hidden="true">${MARKS[verdict]}</span>`;
}

function badge(verdict: Verdict): Markup {
  return markup`<span class="badge ${verdict}"><span aria-hidden="true">${MARKS[verdict]} </span>${VERDICT_WORDS[verdict]}</span>`;
}

/** A column with its drawing and its checks. */
export function columnSection(column: ReportColumn, anchor: string): Markup {
  const { name, role, type, verdict, checks, distribution } = column;
  const change = distribution ? markup`<p class="change">${changeInWords(distribution)}</p>` : NOTHING;
  return markup`<article class="card" id="${anchor}" aria-labelledby="${anchor}-title">
<div class="title"><h3 id="${anchor}-title"><bdi>${shorten(name)}</bdi></h3>${badge(verdict)}<span class="kind">${ROLE_WORDS[role]}, ${TYPE_WORDS[type]}</span></div>${change}
<div class="two"><figure>${distributionInPage(column)}</figure>${checks.length > 0 ? checksTable(name, checks) : markup`<p>No check applies to this column.</p>`}</div></article>
`;
}

function checksTable(name: string, checks: readonly CheckVerdict[]): Markup {
  return markup`<div><table><caption class="hidden">Checks of <bdi>${shorten(name)}</bdi></caption><thead><tr><th scope="col">Check</th><th scope="col">Score</th><th scope="col">Threshold</th><th scope="col">Effect size</th><th scope="col">p</th><th scope="col">p, adjusted</th><th scope="col">Verdict</th></tr></thead><tbody>${checks.map(checkRow)}</tbody></table></div>`;
}

function checkRow(check: CheckVerdict): Markup {
  const { title, measures } = METHOD_WORDS[check.method];
  const { effect, drift } = DRIFT_METHODS[check.method];
  const isP = drift === 'BELOW';
  const score = check.score === null ? '–' : isP ? probability(check.score) : figure(check.score);
  const need = check.verdict === 'TOO_FEW_ROWS' ? `; each side needs ${count(check.minimumRows)}` : '';
  return markup`<tr><th scope="row">${title}</th><td data-label="Score">${score}${gauge(check)}</td><td data-label="Threshold">${isP ? '≤' : '≥'} ${figure(check.threshold)}</td><td data-label="Effect size">${check.effectSize === null ? '–' : figure(check.effectSize)}${check.effectSize === null || check.effectSize === check.score ? NOTHING : markup`<small>${effect}</small>`}</td><td data-label="p">${pText(check.pValue)}</td><td data-label="p, adjusted">${pText(check.adjustedPValue)}</td><td class="verdict">${badge(check.verdict)}</td></tr><tr class="words"><td colspan="7">${measures} ${wayInWords(check)}${need}.</td></tr>`;
}

function pText(value: number | null): string {
  return value === null ? '–' : probability(value);
}

/** The score on the way to its threshold, which stands in the middle. The figures beside it say the same. */
function gauge(check: CheckVerdict): Markup {
  const strain = strainOf(check);
  if (strain === null) return NOTHING;
  const width = 50 * Math.min(Math.max(strain, 0), 2);
  return markup`<svg class="gauge" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" y="2" width="100" height="4"/><rect class="${check.verdict}" y="2" width="${width}" height="4"/><rect class="limit" x="49.2" width="1.6" height="8"/></svg>`;
}
