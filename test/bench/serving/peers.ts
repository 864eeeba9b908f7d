/** The first table: ours beside bare Fastify and what Python has for the purpose. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installPeers } from '../peers/python.ts';
import { exchangesOf, fastApi, mlflow, mlServer, rest } from './exchanges.ts';
import { trainPeer } from './forest.ts';
import { type Contender, holdRounds } from './measure.ts';
import { type Server, startBareFastify, startFastApi, startMlflow, startMlServer } from './servers.ts';
import { type Bench, MODEL, restContender, type Table, withServers } from './tables.ts';

const PYTHON = [
  { name: 'FastAPI + scikit-learn', short: 'fastapi', format: 'joblib', protocol: fastApi, start: startFastApi },
  { name: 'MLServer', short: 'mlserver', format: 'mlserver', protocol: mlServer, start: startMlServer },
  { name: "MLflow's scoring server", short: 'mlflow', format: 'mlflow', protocol: mlflow, start: startMlflow },
] as const;

/** A peer with its forest, ready to be started; or why there is none. */
type Prepared = (typeof PYTHON)[number] & {
  readonly venv: string;
  readonly folder: string;
  readonly trained: Awaited<ReturnType<typeof trainPeer>> | { readonly absent: string };
};

/** Installs and trains, on all cores. @param venvs a folder for a virtual environment of each. */
export async function preparePeers(bench: Pick<Bench, 'set' | 'home' | 'say'>, venvs: string): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  for (const peer of PYTHON) {
    bench.say(`installing ${peer.name}`);
    const venv = join(venvs, peer.short);
    const folder = join(bench.home, 'peers', peer.short);
    const installed = await installPeers(venv, `requirements-serving-${peer.short}.txt`);
    const trained =
      typeof installed === 'function' ? await trainPeer(installed, bench.set, folder, peer.format) : installed;
    prepared.push({ ...peer, venv, folder, trained });
  }
  return prepared;
}

export function besidePeers(bench: Bench, peers: readonly Prepared[], onnx: Uint8Array, auc: number): Promise<Table> {
  return withServers(bench, [{}], async (ours) => {
    const others: Server[] = [];
    try {
      const contenders = [restContender('Boucle', ours, bench)];
      contenders.push(...(await bareFastify(bench, onnx, others)));
      const notes = [`Boucle's forest: AUC ${auc.toFixed(4)}`];
      for (const peer of peers) {
        if ('absent' in peer.trained) {
          notes.push(`${peer.name} is absent: ${peer.trained.absent}`);
          continue;
        }
        const server = await peer.start(bench.pin, peer.venv, peer.folder, columnNames(bench));
        others.push(server);
        const questions = { set: bench.set, expected: peer.trained.expected };
        const exchanges = exchangesOf(server.port, questions, peer.protocol);
        contenders.push({ name: peer.name, servers: [{ ...server, exchanges }] });
        const versions = Object.entries(peer.trained.versions).map((entry) => entry.join(' '));
        notes.push(`${peer.name}: AUC ${peer.trained.auc.toFixed(4)}; ${versions.join(', ')}`);
      }
      const rows = await holdRounds(contenders, bench.plan, bench.database);
      const goal = '≥ 0.5 of bare Fastify; ≥ 15 × FastAPI, ≥ 8 × MLServer, ≥ 20 × MLflow, with a lower p99';
      return { title: 'One row a request, beside others', goal, ratio: 'FIRST_IS', rows, notes };
    } finally {
      for (const server of others) await server.stop();
    }
  });
}

/** Without a model, and with our evaluator behind it. */
async function bareFastify(bench: Bench, onnx: Uint8Array, started: Server[]): Promise<Contender[]> {
  const file = join(bench.home, 'bare.onnx');
  await writeFile(file, onnx);
  const contenders: Contender[] = [];
  for (const [name, model] of [
    ['bare Fastify', undefined],
    ['bare Fastify with our evaluator', file],
  ] as const) {
    const server = await startBareFastify(bench.pin, columnNames(bench), model);
    started.push(server);
    contenders.push(bareContender(name, [server], bench, { formOnly: model === undefined }));
  }
  return contenders;
}

export function bareContender(
  name: string,
  servers: readonly Server[],
  { ours, key }: Bench,
  options: { readonly formOnly: boolean },
): Contender {
  const protocol = rest(MODEL, key);
  return {
    name,
    servers: servers.map((server) => ({ ...server, exchanges: exchangesOf(server.port, ours, protocol, options) })),
  };
}

export function columnNames({ set }: Pick<Bench, 'set'>): string[] {
  return set.columns.map(({ name }) => name);
}
