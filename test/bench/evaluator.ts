/** `npm run bench:evaluator`: what a prediction costs, beside ONNX Runtime and scikit-learn on the same model. See HELP. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownCases, peerCases } from './evaluator/cases.ts';
import { type Contest, holdRound, openContest, type Timings } from './evaluator/contest.ts';
import { type Figures, reportFigures } from './evaluator/report.ts';
import { installPeers, type Peers } from './peers/python.ts';

const HELP = `Usage: npm run bench:evaluator -- [--rounds N] [--venv FOLDER] [--json]

Measures the evaluators alone, on one thread each: forests of 100 trees of depth 12, logistic and linear models, trained by
Boucle on seeded data, and models that scikit-learn trained on the same data and exported with skl2onnx. Boucle and
onnxruntime-node read the same ONNX file in one process; scikit-learn predicts with the model that the file was made of.
Every round times each of them once: a batch of 10,000 rows in one call, and 500 rows never seen before, one by one.
The benchmark fails if any score differs by more than 1e-5.

  --rounds N     15 by default; scikit-learn takes part in every third
  --venv FOLDER  a virtual environment for scikit-learn that is kept; by default one is made and removed
  --json         the figures as JSON on stdout; progress goes to stderr
  --help         this text
`;

const PEER_EVERY = 3;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    venv: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (options.help) process.stdout.write(HELP);
else await bench(Number(options.rounds));

async function bench(rounds: number): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'boucle-bench-'));
  try {
    const figures = await measure(home, rounds);
    process.stdout.write(options.json ? `${JSON.stringify(figures, null, 2)}\n` : reportFigures(figures));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function measure(home: string, rounds: number): Promise<Figures> {
  say('installing scikit-learn');
  const installed = await installPeers(options.venv ?? join(home, 'python'), 'requirements-evaluator.txt');
  const peers = typeof installed === 'function' ? installed : undefined;
  say('training');
  const theirs = peers ? await peerCases(peers, home) : { cases: [], versions: {} };
  const contests: Contest[] = [];
  for (const tested of [...(await ownCases()), ...theirs.cases]) contests.push(await openContest(tested));
  const timings = new Map<Contest, Timings>();
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`);
    for (const contest of contests) await holdRound(contest, round);
    if (peers && round % PEER_EVERY === 0) await timePeer(peers, contests, timings);
  }
  for (const contest of contests) await contest.session.release();
  return {
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    versions: {
      node: process.version.slice(1),
      'onnxruntime-node': await versionOf('onnxruntime-node'),
      ...theirs.versions,
    },
    absent: typeof installed === 'function' ? undefined : installed.absent,
    rows: contests.map((contest) => {
      const { tested, difference, boucle, onnxRuntime } = contest;
      const scikitLearn = timings.get(contest);
      const measured = { difference, boucle, onnxRuntime, ...(scikitLearn && { scikitLearn }) };
      return { name: tested.name, onnxBytes: tested.onnx.length, ...measured };
    }),
  };
}

/** One round of the peer on each of its models. */
async function timePeer(peers: Peers, contests: readonly Contest[], timings: Map<Contest, Timings>): Promise<void> {
  for (const contest of contests) {
    const { peer } = contest.tested;
    if (!peer) continue;
    const measured = (await peers('evaluator.py', ['time', peer.folder, peer.model])) as Record<keyof Timings, number>;
    const known = timings.get(contest) ?? { single: [], batch: [] };
    known.single.push(measured.single);
    known.batch.push(measured.batch);
    timings.set(contest, known);
  }
}

async function versionOf(name: string): Promise<string> {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version;
}

function say(text: string): void {
  process.stderr.write(`${(performance.now() / 1_000).toFixed(0).padStart(4)} s  ${text}\n`);
}
