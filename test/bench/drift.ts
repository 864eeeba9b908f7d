/** `npm run bench:drift`: what drift checks cost, beside Evidently on the same rows. See HELP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runBoucle, TEST_SECRET } from '../support/boucle-process.ts';
import { startEmbeddedPostgres } from './drift/built.ts';
import { CheckBench, type CheckTiming, postgresVersion } from './drift/check.ts';
import { type CountingCost, measureCounting } from './drift/counting.ts';
import { measurePage, type PageTiming } from './drift/page.ts';
import { CATEGORIES, drawRows, writeColumns } from './drift/rows.ts';
import { median } from './median.ts';
import { installPeers } from './peers/python.ts';

const HELP = `Usage: npm run bench:drift -- [--rows N] [--runs N] [--json]

1. Logs and counts N predictions × 20 features (16 numbers, 4 categories; two numbers have moved) over 24 hours on a
   PostgreSQL of its own, and counts 10 × N of another model. The compaction merges both. Then times the check of the
   whole day: reference from the manifest, merge of the window, verdict on every column.
2. Lets a scheduled check of the first model write its report, and times the page of it over HTTP.
3. Times Evidently's data-drift preset on the same N rows and the same reference, from a virtual environment with
   test/bench/peers/requirements.txt. Absent where that can't be installed.
4. Measures the CPU time of single-row predictions over REST with and without counting. Absent outside Linux.

  --rows N   predictions of the first model, 1000000 by default
  --runs N   timed checks of each model and readings of the page, 40 by default
  --json     the figures as JSON on stdout; progress goes to stderr
  --help     this text
`;

const LOGGED = 'logged';
const REFERENCE_ROWS = 50_000;
const PEER_RUNS = 3;
const COUNTING = { blocks: 12, blockRows: 2_500 };

interface Figures {
  readonly cores: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly checks: readonly CheckTiming[];
  readonly page: PageTiming;
  readonly evidently:
    { readonly drifted: readonly string[]; readonly milliseconds: readonly number[] } | { readonly absent: string };
  readonly counting: CountingCost | { readonly absent: string };
}

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '40' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (options.help) process.stdout.write(HELP);
else await bench(Number(options.rows), Number(options.runs));

async function bench(rows: number, runs: number): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'boucle-bench-'));
  const server = await startEmbeddedPostgres(home);
  try {
    await runBoucle(['migrate'], { DATABASE_URL: server.url, BOUCLE_SECRET: TEST_SECRET });
    const figures = await measure(server.url, home, rows, runs);
    if (options.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
    else report(figures);
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}

async function measure(databaseUrl: string, home: string, rows: number, runs: number): Promise<Figures> {
  say('installing Evidently');
  const peers = await installPeers(join(home, 'python'));
  const checks = await measureChecks(databaseUrl, home, rows, runs);
  say('the page of a report');
  const page = await measurePage(databaseUrl, home, LOGGED, runs);
  const peer = await measureEvidently(peers, home);
  say('counting, in turn with none');
  const counting =
    process.platform === 'linux'
      ? await measureCounting(databaseUrl, home, COUNTING)
      : { absent: 'CPU times are read from /proc, which only Linux has' };
  const versions = { node: process.version, postgresql: await postgresVersion(databaseUrl), ...peer.versions };
  return {
    cores: cpus().length,
    versions,
    checks,
    page,
    evidently: peer.result,
    counting,
  };
}

async function measureChecks(databaseUrl: string, home: string, rows: number, runs: number): Promise<CheckTiming[]> {
  const reference = drawRows(REFERENCE_ROWS, 1, 'REFERENCE');
  const current = drawRows(rows, 2, 'CURRENT');
  const bench = await CheckBench.open(databaseUrl, reference);
  try {
    const [logged, counted] = [await bench.register(LOGGED), await bench.register('counted')];
    say(`logging and counting ${rows} predictions`);
    await bench.log(logged, current);
    say(`counting ${10 * rows} predictions`);
    await bench.countOnly(counted, 10 * rows, 3);
    say('merging the counts');
    await bench.compact();
    say(`checking each ${runs} times`);
    const checks = await bench.time([logged, counted], runs);
    await writeColumns(reference, join(home, 'rows', 'reference'));
    await writeColumns(current, join(home, 'rows', 'current'));
    await writeFile(join(home, 'rows', 'categories.json'), JSON.stringify(CATEGORIES));
    return checks;
  } finally {
    await bench.close();
  }
}

async function measureEvidently(
  peers: Awaited<ReturnType<typeof installPeers>>,
  home: string,
): Promise<{ result: Figures['evidently']; versions: Readonly<Record<string, string>> }> {
  if (typeof peers !== 'function') return { result: peers, versions: {} };
  say('Evidently on the same rows');
  const { versions, drifted, milliseconds } = await peers('evidently_drift.py', [
    join(home, 'rows'),
    String(PEER_RUNS),
  ]);
  return { result: { drifted, milliseconds }, versions };
}

function report({ cores, versions, checks, page, evidently, counting }: Figures): void {
  const [one, ten] = checks as [CheckTiming, CheckTiming];
  print(
    `${cores} cores; ${Object.entries(versions)
      .map((entry) => entry.join(' '))
      .join(', ')}`,
  );
  print('\nDrift check of a window of 24 hours, 20 features: reference, merge of the counts, verdict');
  for (const check of checks)
    print(`  ${check.rows} predictions in ${check.countRows} rows of counts: ${spread(check.milliseconds, 'ms')}`);
  print(`  drifted: ${one.drifted.join(', ')} and ${ten.drifted.join(', ')}`);
  print(`  goal ≤ 100 ms; ${ratio(ten.milliseconds, one.milliseconds)} × for ten times the predictions, goal ≤ 1.2 ×`);
  const kibibytes = Math.round(page.bytes / 1024);
  print(`  the page of its report over HTTP, ${kibibytes} KiB: ${spread(page.milliseconds, 'ms')}; goal ≤ 300 ms`);
  if ('absent' in evidently) {
    print(`  Evidently: absent (${evidently.absent})`);
  } else {
    print(`  Evidently's data-drift preset on the same ${one.rows} rows: ${spread(evidently.milliseconds, 'ms')}`);
    print(`  drifted: ${evidently.drifted.join(', ')}`);
    print(
      `  Boucle is ${Math.round(median(evidently.milliseconds) / median(one.milliseconds))} × faster, goal ≥ 100 ×`,
    );
  }
  print('\nCPU time of a single-row prediction over REST, logged, of a 100-tree forest with 12 features');
  if ('absent' in counting) {
    print(`  absent: ${counting.absent}`);
    return;
  }
  const of = (side: 'withCounting' | 'withoutCounting', part: 'serverUs' | 'allUs') =>
    counting[side].map((cpu) => cpu[part]);
  for (const [part, name] of [
    ['serverUs', 'server'],
    ['allUs', 'server and PostgreSQL'],
  ] as const) {
    print(`  ${name}, counted:     ${spread(of('withCounting', part), 'µs')}`);
    print(`  ${name}, not counted: ${spread(of('withoutCounting', part), 'µs')}`);
    print(`  ${ratio(of('withCounting', part), of('withoutCounting', part))} ×, goal ≤ 1.1 ×`);
  }
}

function spread(values: readonly number[], unit: string): string {
  const sorted = [...values].sort((a, b) => a - b);
  const text = (value: number): string => value.toFixed(value < 100 ? 1 : 0);
  return `median ${text(median(sorted))} ${unit}, ${text(sorted[0]!)} to ${text(sorted.at(-1)!)} in ${sorted.length} runs`;
}

function ratio(values: readonly number[], others: readonly number[]): string {
  return (median(values) / median(others)).toFixed(2);
}

function say(text: string): void {
  process.stderr.write(`${(performance.now() / 1_000).toFixed(0).padStart(4)} s  ${text}\n`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
