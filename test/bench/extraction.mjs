/**
 * Extraction against bare DuckDB: the same CSV file becomes Parquet (zstd), ours with staging, profile and hash.
 * Usage, after `npm run build`: node test/bench/extraction.mjs [rows, default 5000000]
 * Each measurement runs in a process of its own, so that the resident memory shown is its peak alone.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';

const MEMORY_LIMIT = '512MB';
const THREADS = 2;
const ROUNDS = 3;

const modes = { generate, bare, ours };
const [mode, folder, rows] =
  process.argv[2] in modes ? process.argv.slice(2) : ['all', undefined, process.argv[2] ?? '5000000'];
if (mode === 'all') compare(rows);
else process.stdout.write(JSON.stringify(await modes[mode](folder, rows)));

function compare(rows) {
  const folder = mkdtempSync(join(tmpdir(), 'boucle-bench-'));
  const child = (mode) =>
    JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url), mode, folder, rows]).toString());
  try {
    const { bytes, version } = child('generate');
    print(
      `${rows} rows × 12 columns, ${(bytes / 1e6).toFixed(0)} MB of CSV; DuckDB ${version}, node ${process.version}, memory_limit ${MEMORY_LIMIT}, ${THREADS} threads`,
    );
    const results = { bare: [], ours: [] };
    for (let round = 0; round < ROUNDS; round++) for (const mode of ['bare', 'ours']) results[mode].push(child(mode));
    for (const [mode, runs] of Object.entries(results)) {
      const times = runs.map(({ ms }) => ms).sort((a, b) => a - b);
      const delay = Math.max(...runs.map(({ loopDelayMs }) => loopDelayMs ?? 0));
      print(
        `${mode}: median ${(median(times) / 1000).toFixed(2)} s (${times.map((ms) => (ms / 1000).toFixed(2)).join(', ')}), peak RSS ${Math.max(...runs.map(({ rssMb }) => rssMb))} MB${delay ? `, longest event-loop delay ${delay.toFixed(0)} ms` : ''}`,
      );
    }
    print(
      `ratio of medians: ${(median(results.ours.map(({ ms }) => ms)) / median(results.bare.map(({ ms }) => ms))).toFixed(2)} (goal ≤ 1.5), RSS goal ≤ 1000 MB`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function generate(folder, rows) {
  const connection = await connect(folder);
  await connection.run(`COPY (SELECT range AS id, 10 + (hash(range) % 90)::INT AS age, round((hash(range * 3) % 1000000) / 997.0, 3) AS income,
    round(ln(1 + hash(range * 5) % 100000), 6) AS score, ['private', 'state', 'self', 'federal', 'none'][1 + (hash(range * 7) % 5)::INT] AS work,
    ['WA', 'OR', 'CA', 'NY', 'TX', 'FL', 'ID'][1 + (hash(range * 11) % 7)::INT] AS state, DATE '2012-01-01' + (hash(range * 13) % 4000)::INT AS "day",
    TIMESTAMP '2020-01-01' + to_seconds((hash(range * 17) % 100000000)::BIGINT) AS "time", hash(range * 19) % 2 = 0 AS member,
    CASE WHEN hash(range * 23) % 10 > 0 THEN round(sqrt(hash(range * 29) % 100000), 4) END AS bonus,
    'user-' || (hash(range * 31) % 200000) AS user_name, hash(range * 37) % 2 AS "label" FROM range(${rows})) TO '${join(folder, 'data.csv')}' (FORMAT csv, HEADER)`);
  const version = (await (await connection.run('SELECT version()')).getRowsJson())[0][0];
  return { bytes: statSync(join(folder, 'data.csv')).size, version };
}

async function bare(folder) {
  const connection = await connect(folder);
  const start = performance.now();
  await connection.run(
    `COPY (SELECT * FROM read_csv('${join(folder, 'data.csv')}')) TO '${join(folder, 'bare.parquet')}' (FORMAT parquet, COMPRESSION zstd)`,
  );
  return { ms: performance.now() - start, rssMb: peakMb() };
}

async function ours(folder) {
  const { extract } = await import('../../dist/datasets/extraction/extract.js');
  const { DEFAULT_LIMITS } = await import('../../dist/datasets/extraction/limits.js');
  const { readOptionsSchema } = await import('../../dist/datasets/extraction/source-spec.js');
  const work = join(folder, 'work');
  mkdirSync(work);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const start = performance.now();
  await extract({ kind: 'UPLOAD', format: 'CSV' }, readOptionsSchema.parse({}), {
    folder: work,
    limits: DEFAULT_LIMITS,
    outbound: { allowList: [] },
    memoryLimit: MEMORY_LIMIT,
    threads: THREADS,
    signal: new AbortController().signal,
    openUpload: () => Promise.resolve(createReadStream(join(folder, 'data.csv'), { highWaterMark: 1 << 18 })),
  });
  const ms = performance.now() - start;
  rmSync(work, { recursive: true });
  return { ms, rssMb: peakMb(), loopDelayMs: delay.max / 1e6 };
}

async function connect(folder) {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: MEMORY_LIMIT,
    threads: String(THREADS),
    temp_directory: join(folder, 'spill'),
  });
  return instance.connect();
}

function peakMb() {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
