import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBDoubleVector, type DuckDBVector } from '@duckdb/node-api';
import { Injectable } from '@nestjs/common';
import { nextTurn } from '../../ml/statistics/next-turn.js';
import { REFERENCE_FILE } from '../../models/artifact/manifest.js';
import { ModelArtifacts } from '../../models/artifact/model-artifacts.js';
import { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal } from '../../platform/duckdb/sql-text.js';
import type { WatchedVersion } from './champions.js';
import type { RawValues } from './column-samples.js';
import { columnsOf, type ColumnIdentity } from './watched-columns.js';

type SampleTable = ReadonlyMap<string, RawValues>;

/** Values kept in memory: some 64 MB. */
const MOST_VALUES = 8_000_000;
const MEMORY_LIMIT = '256MB';
/** A check waits for so long, at most, for the store and for reading. */
const TIMEOUT_MS = 30_000;

/** Raw values of the features of training rows, from the artifacts of versions. */
@Injectable()
export class ReferenceSamples {
  /** By version, the one that was used last at the end. */
  private readonly known = new Map<string, SampleTable>();

  constructor(private readonly artifacts: ModelArtifacts) {}

  /** @throws AppError INVALID_STATE for an artifact that is damaged or has no sample, UPSTREAM_FAILED without the store. */
  async of(version: WatchedVersion): Promise<SampleTable> {
    const table = this.known.get(version.id) ?? (await this.read(version));
    this.known.delete(version.id);
    this.known.set(version.id, table);
    this.forgetOldest();
    return table;
  }

  private async read({ artifactKey, artifactSha256, signature }: WatchedVersion): Promise<SampleTable> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const parquet = await this.artifacts.file(artifactKey, artifactSha256, REFERENCE_FILE, signal);
    const folder = await mkdtemp(join(tmpdir(), 'boucle-reference-'));
    try {
      const file = join(folder, REFERENCE_FILE);
      await writeFile(file, parquet);
      const features = columnsOf(signature).filter(({ role }) => role === 'FEATURE');
      return await readColumns(folder, file, features, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private forgetOldest(): void {
    let values = 0;
    for (const table of this.known.values()) values += valuesOf(table);
    for (const [id, table] of this.known) {
      if (values <= MOST_VALUES || this.known.size === 1) return;
      values -= valuesOf(table);
      this.known.delete(id);
    }
  }
}

async function readColumns(
  folder: string,
  file: string,
  features: readonly ColumnIdentity[],
  signal: AbortSignal,
): Promise<SampleTable> {
  const session = await DuckDbSession.open({ folder, memoryLimit: MEMORY_LIMIT, threads: 1 });
  try {
    const expressions = features.map(({ name, type }) =>
      type === 'STRING' ? `coalesce(${identifier(name)}, '')` : `coalesce(CAST(${identifier(name)} AS DOUBLE), 'nan')`,
    );
    const parts: RawValues[][] = features.map(() => []);
    const sql = `SELECT ${expressions.join(', ')} FROM read_parquet(${literal(file)})`;
    for await (const chunk of session.chunks(sql, { signal })) {
      for (const [index, columnParts] of parts.entries()) {
        columnParts.push(valuesIn(chunk.getColumnVector(index), chunk.rowCount));
        await nextTurn();
      }
    }
    return new Map(features.map(({ name, type }, index) => [name, joined(type, parts[index]!)]));
  } finally {
    session.close();
  }
}

function valuesIn(vector: DuckDBVector, rows: number): RawValues {
  // The vector's memory is DuckDB's: it is copied.
  if (vector instanceof DuckDBDoubleVector)
    return Float64Array.from({ length: rows }, (_, row) => vector.getItem(row)!);
  return Array.from({ length: rows }, (_, row) => vector.getItem(row) as string);
}

function joined(type: ColumnIdentity['type'], parts: readonly RawValues[]): RawValues {
  if (type === 'STRING') return parts.flatMap((part) => [...(part as readonly string[])]);
  const values = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    values.set(part as Float64Array, end);
    end += part.length;
  }
  return values;
}

function valuesOf(table: SampleTable): number {
  let values = 0;
  for (const column of table.values()) values += column.length;
  return values;
}
