/** `npm run bench:serving`: single-row predictions over HTTP, each logged, beside other servers. See HELP. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { runBoucle, startBoucle, TEST_SECRET } from '../support/boucle-process.ts';
import { registerModel, signUp } from './served-forest.ts';
import { startEmbeddedPostgres } from './serving/built.ts';
import { FOREST, servedSet, trainForest } from './serving/forest.ts';
import { besidePeers, preparePeers } from './serving/peers.ts';
import { WARM_UP } from './serving/measure.ts';
import { type Pin, pinBenchmark } from './serving/pinning.ts';
import { type Figures, reportFigures } from './serving/report.ts';
import { twoPredictors } from './serving/shared-core.ts';
import * as tables from './serving/tables.ts';

const NAMES = ['peers', 'modes', 'graphql', 'rows', 'mixed', 'models', 'predictors', 'soak'] as const;
type Name = (typeof NAMES)[number];

const HELP = `Usage: npm run bench:serving -- [--only NAMES] [--rounds N] [--seconds N] [--soak N] [--json] …

Serves a forest of ${FOREST.trees} trees of depth ${FOREST.maxDepth} on the 14 columns of UCI Adult, texts by their codes, by one predictor with an API key and a
PostgreSQL of its own, and asks for one row a request, never the same twice in a row. Every answer is compared with what the
model itself says. The server has one core (taskset); the load generator and PostgreSQL share the other. Every contender of a
table gets the same load in each round, in turn. Columns "server" and "PostgreSQL" are processor time by request.
Before the first round each contender is under the same load until each of its servers has used ${WARM_UP.processorSeconds} s of processor time on
it, ${WARM_UP.longestSeconds} s at most: JavaScript is compiled while it runs, and two servers on one core each get half of it.

  peers       bare Fastify with the same JSON schemas in and out, with and without our evaluator, and in a virtual environment
              each: FastAPI with scikit-learn, MLServer, MLflow's scoring server, with scikit-learn's own forest; without a log
  modes       durable, async and sampled logging
  graphql     the mutation, and the REST path of the same process
  rows        1 to 1,000 rows a request, and what they do to the event loop
  mixed       one row a request, alone and while others send 1,000 rows each
  models      one model, and a thousand in turn
  predictors  one process, and two; bare Fastify, one and two
  soak        memory of the process under load

  --only NAMES       of the above; all by default
  --rounds N         of each contender, 3 by default
  --seconds N        of each round, 5 by default
  --connections N    at once, 32 by default
  --soak N           seconds of load for the memory, 30 by default
  --data FOLDER      where adult-train.csv and adult-test.csv of UCI lie, ../shared/data by default; made-up rows without
  --venvs FOLDER     virtual environments for the peers that are kept; by default they are made and removed
  --profile FOLDER   writes CPU profiles of our servers into it
  --json             the figures as JSON on stdout; progress goes to stderr
  --help             this text
`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: NAMES.join() },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '32' },
    soak: { type: 'string', default: '30' },
    data: { type: 'string', default: fileURLToPath(new URL('../../../shared/data', import.meta.url)) },
    venvs: { type: 'string' },
    profile: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const { rounds, seconds, connections } = options;
const plan = { rounds: Number(rounds), seconds: Number(seconds), connections: Number(connections) };
if (options.help) process.stdout.write(HELP);
else await bench(options.only.split(',') as Name[]);

async function bench(names: readonly Name[]): Promise<void> {
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`There is no table ${unknown}. Choose of ${NAMES.join(', ')}.`);
  const home = await mkdtemp(join(tmpdir(), 'boucle-bench-'));
  try {
    const figures = await measure(home, names);
    process.stdout.write(options.json ? `${JSON.stringify(figures, null, 2)}\n` : reportFigures(figures));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Installs and trains on all cores; then this process moves to its own, and PostgreSQL starts there. */
async function measure(home: string, names: readonly Name[]): Promise<Figures> {
  const set = await servedSet(options.data);
  say(`training on ${set.name}`);
  const model = await trainForest(set, FOREST);
  const wanted = names.includes('peers');
  const peers = wanted ? await preparePeers({ set, home, say }, options.venvs ?? join(home, 'venvs')) : [];
  const pin = await pinBenchmark();
  const server = await startEmbeddedPostgres(home);
  const database = new pg.Client({ connectionString: server.url });
  try {
    await database.connect();
    await runBoucle(['migrate'], { DATABASE_URL: server.url, BOUCLE_SECRET: TEST_SECRET });
    await registerModel(database, home, model, [tables.MODEL]);
    const shared = {
      pin: pin ?? unpinned,
      plan,
      database,
      databaseUrl: server.url,
      home,
      set,
      ours: { set, ...model },
      say,
      profile: options.profile,
    };
    const ready: tables.Bench = { ...shared, key: await apiKey(database, server.url, home) };
    const make: Record<Name, () => Promise<tables.Table>> = {
      peers: () => besidePeers(ready, peers, model.onnx, model.auc),
      modes: () => tables.logModes(ready),
      graphql: () => tables.graphqlAndRest(ready),
      rows: () => tables.rowsPerRequest(ready),
      mixed: () => tables.besideLargeRequests(ready),
      models: () => tables.manyModels(ready),
      predictors: () => twoPredictors(ready),
      soak: () => tables.soak(ready, Number(options.soak)),
    };
    const made: tables.Table[] = [];
    for (const name of NAMES.filter((one) => names.includes(one))) {
      say(name);
      made.push(await make[name]());
    }
    const { rows } = await database.query<{ server_version: string }>('SHOW server_version');
    return {
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}${pin ? '' : ', not pinned'}`,
      versions: {
        ...{ node: process.version.slice(1), fastify: await versionOf('fastify') },
        postgresql: rows[0]!.server_version,
      },
      load: `${connections} connections, ${rounds} rounds of ${seconds} s each, medians; rows of ${set.name}`,
      tables: made,
    };
  } finally {
    await database.end();
    await server.stop();
  }
}

const unpinned: Pin = (command) => command;

/** Of a user who may predict; unlike an access token it does not expire. */
async function apiKey(database: pg.Client, databaseUrl: string, home: string): Promise<string> {
  const boucle = await startBoucle({ databaseUrl, home, env: { REGISTRATION: 'open' } });
  try {
    const token = await signUp(boucle, database);
    const { createApiKey } = await boucle.ask(
      'mutation { createApiKey(input: { name: "bench", role: PREDICTOR }) { secret } }',
      {},
      token,
    );
    return createApiKey.secret;
  } finally {
    await boucle.stop();
  }
}

async function versionOf(name: string): Promise<string> {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version;
}

function say(text: string): void {
  process.stderr.write(`${(performance.now() / 1_000).toFixed(0).padStart(4)} s  ${text}\n`);
}
