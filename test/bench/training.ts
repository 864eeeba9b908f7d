/** `npm run bench:training`: how long trainings take, beside scikit-learn, XGBoost and LightGBM. See HELP. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { installPeers, type Peers } from './peers/python.ts';
import { type Contest, CONTESTS } from './training/contests.ts';
import type { Measurement } from './training/measurement.ts';
import { type Quality, qualityOf } from './training/quality.ts';
import { type Contender, type Figures, type Group, reportFigures } from './training/report.ts';
import { type BenchSet, makeSet, SET_NAMES, type SetName, writeSet } from './training/sets.ts';

const HELP = `Usage: npm run bench:training -- [--only NAMES] [--sets NAMES] [--runs N] [--threads N] [--json] …

Trains ours and each peer on the same float32 columns with the same settings and the same number of threads, each training
in a process of its own, in turn. Timed is the training alone: from columns in memory to the model (ours: to the finished
ONNX file). Peers get what they like best: row-major arrays; for logistic regressions, numbers that are standardised and
categories that are one-hot encoded already. Quality is that of predictions on rows apart. Memory is what the training
adds to the process at its peak, as a multiple of the float32 columns; only Linux tells it.

  --only NAMES   of forest, logistic, boosting; all by default
  --sets NAMES   of ${SET_NAMES.join(', ')}; all by default. The first two are made from a seed
  --runs N       trainings of each, 3 by default
  --threads N    of each training, all cores by default
  --data FOLDER  where adult-train.csv, adult-test.csv and beijing-pm25.csv of UCI lie, ../shared/data by default
  --venv FOLDER  a virtual environment for the peers that is kept; by default one is made and removed
  --json         the figures as JSON on stdout; progress goes to stderr
  --help         this text
`;

const OURS = fileURLToPath(new URL('training/ours.ts', import.meta.url));
const run = promisify(execFile);

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: CONTESTS.map(({ name }) => name).join() },
    sets: { type: 'string', default: SET_NAMES.join() },
    runs: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    data: { type: 'string', default: fileURLToPath(new URL('../../../shared/data', import.meta.url)) },
    venv: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const { threads } = options;
if (options.help) process.stdout.write(HELP);
else await bench();

async function bench(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'boucle-bench-'));
  try {
    say('installing the peers');
    const peers = await installPeers(options.venv ?? join(home, 'python'), 'requirements-training.txt');
    const figures = await measure(home, peers);
    if (options.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
    else process.stdout.write(reportFigures(figures));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function measure(home: string, peers: Peers | { readonly absent: string }): Promise<Figures> {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${threads} threads`;
  const versions: Record<string, string> = {};
  const groups: Group[] = [];
  const skipped: string[] = [];
  for (const name of chosen(SET_NAMES, options.sets)) {
    const set = await makeSet(name, options.data);
    if (!set) {
      skipped.push(name);
      continue;
    }
    const folder = join(home, name);
    await writeSet(set, folder);
    for (const contest of contestsOn(name)) groups.push(await hold(contest, set, folder, peers, versions));
    await rm(folder, { recursive: true });
  }
  const absent = typeof peers === 'function' ? undefined : peers.absent;
  return { machine, versions, groups, skipped, absent };
}

/** All contenders of a contest on one set, one training each in turn. */
async function hold(
  contest: Contest,
  set: BenchSet,
  folder: string,
  peers: Peers | { readonly absent: string },
  versions: Record<string, string>,
): Promise<Group> {
  const names = ['ours', ...(typeof peers === 'function' ? contest.peers : [])];
  const rounds: { measurement: Measurement; quality: Quality }[][] = names.map(() => []);
  for (let round = 1; round <= Number(options.runs); round++) {
    for (const [i, name] of names.entries()) {
      say(`${contest.name} on ${set.name}, ${round} of ${options.runs}: ${name}`);
      const measurement =
        name === 'ours' || typeof peers !== 'function'
          ? await trainOurs(folder, contest)
          : ((await peers('training.py', [folder, contest.name, name, threads], peerEnvironment())) as Measurement);
      Object.assign(versions, measurement.versions);
      rounds[i]!.push({ measurement, quality: await readQuality(folder, set) });
    }
  }
  const contenders = names.map((name, i): Contender => {
    const measured = rounds[i]!.map(({ measurement }) => measurement);
    const { quality } = rounds[i]![0]!;
    return { name, quality, measured };
  });
  return { contest: contest.name, goal: contest.goal, set: set.name, inputBytes: inputBytes(set), contenders };
}

async function trainOurs(folder: string, contest: Contest): Promise<Measurement> {
  const { stdout } = await run(process.execPath, ['--expose-gc', OURS, folder, contest.name, threads]);
  return JSON.parse(stdout) as Measurement;
}

/** Threads are set for OpenMP and BLAS; settings of OpenBLAS that were made for another machine slow it down. */
function peerEnvironment(): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _cache, ...env } = process.env;
  return { ...env, OMP_NUM_THREADS: threads, OPENBLAS_NUM_THREADS: threads };
}

async function readQuality(folder: string, set: BenchSet): Promise<Quality> {
  const file = await readFile(join(folder, 'predictions.f32'));
  const predictions = new Float32Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
  return qualityOf(set.task, set.target.subarray(set.trainRows), predictions);
}

function inputBytes({ trainRows, columns }: BenchSet): number {
  return 4 * trainRows * columns.length;
}

function contestsOn(set: SetName): Contest[] {
  const names = CONTESTS.map(({ name }) => name);
  const wanted = chosen(names, options.only);
  return CONTESTS.filter(({ name, sets }) => wanted.includes(name) && sets.includes(set));
}

function chosen<T extends string>(known: readonly T[], given: string): T[] {
  const wanted = given.split(',');
  const unknown = wanted.find((name) => !known.includes(name as T));
  if (unknown !== undefined) throw new Error(`There is no "${unknown}"; choose among ${known.join(', ')}.`);
  return known.filter((name) => wanted.includes(name));
}

function say(text: string): void {
  process.stderr.write(`${(performance.now() / 1_000).toFixed(0).padStart(4)} s  ${text}\n`);
}
