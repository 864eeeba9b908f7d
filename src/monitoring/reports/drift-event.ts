import type { EventRecord } from '../../platform/events/event-log.js';
import type { ReportDocument } from './report-document.js';

/** An event stays small, however many columns there are. */
const NAMED = 20;

/** What the world is told of a report with drift. */
export function driftEvent(report: ReportDocument, modelId: string): EventRecord {
  const { id, model, version, from, to, rows, drifted, judged, summary, columns } = report;
  const names = columns.filter(({ verdict }) => verdict === 'DRIFT').map(({ name }) => name);
  return {
    kind: 'DRIFT_DETECTED',
    modelId,
    modelName: model,
    subjectId: id,
    payload: { version, from, to, rows, drifted, judged, columns: names.slice(0, NAMED), summary },
  };
}
