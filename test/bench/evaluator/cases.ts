/** The models that are measured: trained by Boucle, and exported by scikit-learn. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Algorithm } from '../../../src/ml/train/trainer.ts';
import type { Batch } from '../../../src/ml/schema/evaluator.ts';
import type { Peers } from '../peers/python.ts';
import { batchOf, TRAINERS } from './built.ts';
import { adultLike, type BenchSet, codedColumns, synthetic, writeSet } from './sets.ts';

export interface Case {
  readonly name: string;
  readonly onnx: Uint8Array;
  /** Rows that the model has not seen. */
  readonly batch: Batch;
  /** Of a model of the peer's: where it lies, and what the peer itself answers for these rows. */
  readonly peer?: { readonly folder: string; readonly model: PeerModel; readonly expected: Float32Array };
}

/** Models of peers/evaluator.py. */
const PEER_MODELS = ['forest', 'logistic'] as const;
export type PeerModel = (typeof PEER_MODELS)[number];

export const FOREST = { trees: 100, maxDepth: 12 } as const;

const OWN: readonly { algorithm: Algorithm; title: string; sets: () => BenchSet[] }[] = [
  { algorithm: 'RANDOM_FOREST', title: 'forest', sets: () => [synthetic('CLASSIFICATION'), adultLike()] },
  { algorithm: 'LOGISTIC_REGRESSION', title: 'logistic', sets: () => [synthetic('CLASSIFICATION'), adultLike()] },
  { algorithm: 'LINEAR_REGRESSION', title: 'linear', sets: () => [synthetic('REGRESSION')] },
];

export async function ownCases(): Promise<Case[]> {
  const cases: Case[] = [];
  for (const { algorithm, title, sets } of OWN) {
    for (const { name, train, fresh } of sets()) {
      const hyperparameters = algorithm === 'RANDOM_FOREST' ? FOREST : {};
      const { onnx } = await TRAINERS[algorithm].fit(train, {
        hyperparameters,
        seed: 1,
        threads: availableParallelism(),
      });
      cases.push({ name: `${title}, ${name}`, onnx, batch: batchOf(fresh) });
    }
  }
  return cases;
}

/** Has scikit-learn train and export its models of the same sets. */
export async function peerCases(
  peers: Peers,
  home: string,
): Promise<{ cases: Case[]; versions: Record<string, string> }> {
  const cases: Case[] = [];
  let versions: Record<string, string> = {};
  for (const [i, set] of [synthetic('CLASSIFICATION'), adultLike()].entries()) {
    const folder = join(home, `set-${i}`);
    await writeSet(set, folder);
    ({ versions } = await peers('evaluator.py', ['train', folder, String(FOREST.trees), String(FOREST.maxDepth)]));
    const columns = codedColumns(set.fresh);
    for (const model of PEER_MODELS) {
      const expected = new Float32Array(new Uint8Array(await readFile(join(folder, `${model}.f32`))).buffer);
      cases.push({
        name: `${model} of scikit-learn, ${set.name}`,
        onnx: await readFile(join(folder, `${model}.onnx`)),
        batch: { rows: set.fresh.rows, columns },
        peer: { folder, model, expected },
      });
    }
  }
  return { cases, versions };
}
