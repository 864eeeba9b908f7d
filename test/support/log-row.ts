import { randomUUID } from 'node:crypto';
import { layoutOf } from '../../src/predictions/counts/binning-layout.js';
import { RowBinner } from '../../src/predictions/counts/row-binner.js';
import { newPredictionId } from '../../src/predictions/prediction-id.js';
import type { LogRow } from '../../src/predictions/prediction-rows.js';
import { TEMPERATURE } from './served-model.js';

/** Rows that are all counted in one bin; counts have a test file of their own. */
const binner = new RowBinner(layoutOf(TEMPERATURE, { rows: 0, features: {}, output: null }));
const counter = { modelId: randomUUID(), versionId: randomUUID(), binningId: randomUUID(), binner };
const binned = { counter, positions: new Uint32Array(binner.columns) };

/** A row as a request leaves it for the prediction log. */
export function logRow(change: Partial<LogRow> = {}): LogRow {
  return {
    id: newPredictionId(),
    modelId: randomUUID(),
    versionId: randomUUID(),
    inputs: '{"wind":4.5,"place":"Seattle \\"\\\\, {NULL}"}',
    output: '{"value":"sun"}',
    latencyUs: 120,
    callerKind: 'USER',
    callerId: randomUUID(),
    correlationId: null,
    requestId: 'request-1',
    binned,
    binnedRow: 0,
    ...change,
  };
}
