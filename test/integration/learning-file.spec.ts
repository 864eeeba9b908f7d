import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeLabelledLines, writeLearningFile } from '../../src/monitoring/retrainings/labelled-file.js';
import { derivedFeatures } from '../../src/ml/schema/time-parts.js';
import { DuckDbSession } from '../../src/platform/duckdb/duckdb-session.js';
import { lowestPredictionId } from '../../src/predictions/prediction-id.js';
import { writeParquet } from '../support/training-data.js';

describe('the file that a retraining learns from', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'boucle-learning-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('gives a labelled prediction the time it was made, where rows are ordered by a column that is no feature', async () => {
    const features = [{ name: 'wind', type: 'NUMBER', nullable: false }] as const;
    const contract = { task: 'REGRESSION', target: 'rain', features, timeColumn: 'seen' } as const;
    const source = join(folder, 'source.parquet');
    await writeParquet(`SELECT 1.5 AS rain, 2.5 AS wind, DATE '2024-03-01' AS seen, 'x' AS other`, source);
    const predictionId = lowestPredictionId(new Date('2025-06-07T08:09:10.125Z'));
    const lines = join(folder, 'labelled.ndjson');
    async function* batches() {
      yield await Promise.resolve([{ predictionId, inputs: { wind: 4 }, outcome: 3 }]);
    }
    const { signal } = new AbortController();
    expect(await writeLabelledLines(lines, contract, batches(), signal)).toBe(1);
    const session = await DuckDbSession.open({ folder, memoryLimit: '128MB' });
    try {
      const path = await writeLearningFile(session, contract, { folder, lines, source }, signal);
      const rows = await session.rows(`SELECT rain, wind, strftime(seen, '%x %X.%g') AS seen FROM '${path}'`);
      expect(rows).toEqual([
        { rain: 1.5, wind: 2.5, seen: '2024-03-01 00:00:00.000' },
        { rain: 3, wind: 4, seen: '2025-06-07 08:09:10.125' },
      ]);
    } finally {
      session.close();
    }
  });

  it('holds moments as they were sent, in UTC, in place of the parts that the model saw', async () => {
    const features = derivedFeatures('seen', 'TIMESTAMP').map(({ name, ...derived }) => {
      return { name, type: 'NUMBER' as const, nullable: true, derived };
    });
    const contract = { task: 'REGRESSION', target: 'rain', features } as const;
    const lines = join(folder, 'labelled.ndjson');
    async function* batches() {
      const predictionId = lowestPredictionId(new Date());
      const row = { predictionId, outcome: 3 };
      yield await Promise.resolve([
        { ...row, inputs: { seen: '2025-06-07T08:00:00+02:00', 'seen.year': 2025 } },
        { ...row, inputs: { seen: null, 'seen.year': null } },
      ]);
    }
    const { signal } = new AbortController();
    await writeLabelledLines(lines, contract, batches(), signal);
    const session = await DuckDbSession.open({ folder, memoryLimit: '128MB' });
    try {
      const path = await writeLearningFile(session, contract, { folder, lines }, signal);
      const rows = await session.rows(`SELECT rain, strftime(seen, '%x %X') AS seen FROM '${path}'`);
      expect(rows).toEqual([
        { rain: 3, seen: '2025-06-07 06:00:00' },
        { rain: 3, seen: null },
      ]);
    } finally {
      session.close();
    }
  });
});
