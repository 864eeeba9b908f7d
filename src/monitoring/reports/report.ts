import type { DriftVerdict } from '../../ml/statistics/drift/verdict.js';
import type { AlignedWindow } from '../../predictions/counts/aligned-window.js';
import type { WatchedVersion } from '../checks/champions.js';
import type { Examination } from '../checks/examinations.js';
import type { WatchedColumn } from '../checks/watched-columns.js';
import type { PolicySettings } from '../policies/policy-settings.js';
import { distributionOf } from './distribution.js';
import type { ReportColumn, ReportDocument } from './report-document.js';

/** How many drifted columns the summary names. */
const NAMED = 3;

/** All that a check found. */
export interface Findings {
  readonly id: string;
  readonly model: string;
  readonly version: WatchedVersion;
  readonly window: AlignedWindow;
  readonly createdAt: Date;
  readonly settings: Pick<PolicySettings, 'mode' | 'minimumRows'>;
  readonly examination: Examination;
}

export function reportOf(findings: Findings): ReportDocument {
  const { id, model, version, window, createdAt, settings, examination } = findings;
  const { rows, columns, verdict, quality } = examination;
  return {
    id,
    model,
    task: version.signature.task,
    version: version.number,
    algorithm: version.algorithm,
    from: window.from.toISOString(),
    to: window.to.toISOString(),
    createdAt: createdAt.toISOString(),
    mode: settings.mode,
    verdict: verdict.verdict,
    summary: summaryOf(findings),
    rows,
    referenceRows: version.reference.rows,
    drifted: verdict.drifted,
    judged: verdict.judged,
    columns: columns.map((column, index) => columnOf(column, verdict.columns[index]!, rows)),
    quality,
  };
}

function columnOf(
  { name, role, type, binning, reference, current }: WatchedColumn,
  { verdict, checks }: DriftVerdict['columns'][number],
  rows: number,
): ReportColumn {
  const distribution = rows > 0 ? distributionOf(binning, reference, current) : null;
  return { name, role, type, verdict, checks, distribution };
}

function summaryOf({ examination: { rows, verdict }, settings: { minimumRows }, version }: Findings): string {
  const predictions = `${counted(rows, 'prediction')} of version ${version.number}`;
  if (rows < minimumRows) return `${predictions}: at least ${minimumRows} are needed to say anything.`;
  if (verdict.verdict === 'TOO_FEW_ROWS') {
    return `${predictions}: too few for any column; each check says how many it needs.`;
  }
  const drifted = verdict.columns.filter((column) => column.verdict === 'DRIFT').map(({ name }) => name);
  const judged = counted(verdict.judged, 'column');
  if (drifted.length === 0) return `${predictions}: none of ${judged} has drifted.`;
  const named = drifted.slice(0, NAMED).join(', ');
  const more = drifted.length > NAMED ? ` and ${drifted.length - NAMED} more` : '';
  const share = verdict.verdict === 'DRIFT' ? '' : ', fewer than the policy asks for';
  return `${predictions}: ${drifted.length} of ${judged} drifted (${named}${more})${share}.`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
