import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

const FINAL = new Set(['READY', 'UNCHANGED', 'FAILED', 'CANCELLED']);

export interface DemoDataset {
  readonly name: string;
  readonly about: string;
  readonly url: string;
  /** How to read it, where the defaults don't do. */
  readonly options?: object;
}

/** Declares the source, extracts it, and waits for the snapshot. Returns its number and its count of rows. */
export async function extract(
  session: Session,
  { name, about, url, options }: DemoDataset,
  terminal: Terminal,
): Promise<{ number: number; rows: number }> {
  terminal.title(`Extracting ${about} from ${url}`);
  await session.ask('mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id } }', {
    input: { name, source: { kind: 'HTTP', url, format: 'CSV' }, options },
  });
  const { extractDataset } = await session.ask('mutation ($name: String!) { extractDataset(dataset: $name) { id } }', {
    name,
  });
  const { datasetVersion: version } = await session.until(
    `query ($id: ID!) {
      datasetVersion(id: $id) {
        number state message failure rows bytes contentHash
        profile
      }
    }`,
    { id: extractDataset.id },
    (data) => FINAL.has(data.datasetVersion.state),
    (data) => {
      terminal.progress(`${data.datasetVersion.state.toLowerCase()}: ${data.datasetVersion.message ?? ''}`);
    },
  );
  if (version.state !== 'READY') throw new Error(`The extraction failed: ${version.failure}`);
  terminal.line(
    `  version ${version.number}: ${version.rows} rows, ${version.bytes} bytes of Parquet, content ${version.contentHash.slice(0, 12)}`,
  );
  terminal.table(
    ['column', 'type', 'missing', 'distinct', 'least', 'greatest'],
    version.profile.map((column: any) => [
      column.name,
      column.type,
      column.nulls,
      column.distinct,
      String(column.min ?? ''),
      String(column.max ?? ''),
    ]),
  );
  return { number: version.number, rows: version.rows };
}
