import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'test/fixtures/foreign-onnx';

/** A model that a Python library exported, with what the library itself answers for some rows. */
export interface ForeignModel {
  readonly name: string;
  readonly library: string;
  readonly task: 'REGRESSION' | 'CLASSIFICATION';
  readonly target: string;
  readonly features: readonly string[];
  readonly classes?: readonly string[];
  readonly rows: readonly Readonly<Record<string, string | number | null>>[];
  readonly expected: readonly (readonly number[])[];
}

/** The data that they were trained on. */
export const CUSTOMERS_CSV = join(FOLDER, 'customers.csv');

const { models } = JSON.parse(readFileSync(join(FOLDER, 'models.json'), 'utf8')) as { models: ForeignModel[] };

export const FOREIGN_MODELS: readonly ForeignModel[] = models;

export function foreignModel(name: string): ForeignModel {
  const model = models.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`there is no fixture ${name}`);
  return model;
}

export function onnxOf(name: string): Buffer {
  return readFileSync(join(FOLDER, `${name}.onnx`));
}
