import { type Feature, inputColumns, type Signature } from '../../ml/schema/signature.js';
import type { Datatype } from './datatypes.js';

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  /** −1 is variable: the number of rows. */
  readonly shape: readonly number[];
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: 'boucle_onnx';
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** Says that the elements of a BYTES tensor are UTF-8 strings. */
export const TEXT = { content_type: 'str' };

export function modelMetadata(name: string, versions: readonly number[], signature: Signature): ModelMetadata {
  return {
    name,
    versions: versions.map(String),
    platform: 'boucle_onnx',
    inputs: inputsOf(signature),
    outputs: outputsOf(signature),
  };
}

/** A tensor for each column that callers send. */
function inputsOf({ features }: Signature): TensorMetadata[] {
  return inputColumns(features).map((name) => {
    const feature = features.find((candidate) => (candidate.derived?.column ?? candidate.name) === name)!;
    const datatype = datatypeOf(feature);
    return { name, datatype, shape: [-1], ...(datatype === 'BYTES' && { parameters: TEXT }) };
  });
}

function datatypeOf({ type, derived }: Feature): Datatype {
  if (derived) return 'BYTES';
  return ({ NUMBER: 'FP32', BOOLEAN: 'BOOL', STRING: 'BYTES' } as const)[type];
}

/** What a model answers, under the names that scikit-learn gives to it; and the ids that outcomes refer to. */
export function outputsOf({ classes }: Signature): TensorMetadata[] {
  const ids: TensorMetadata = { name: 'prediction_id', datatype: 'BYTES', shape: [-1], parameters: TEXT };
  if (!classes) return [{ name: 'predict', datatype: 'FP32', shape: [-1] }, ids];
  return [
    { name: 'predict', datatype: 'BYTES', shape: [-1], parameters: TEXT },
    { name: 'predict_proba', datatype: 'FP32', shape: [-1, classes.length], parameters: { classes } },
    ids,
  ];
}
