import { AppError } from '../../errors/app-error.js';
import type { Signature } from '../../ml/schema/signature.js';
import type { PredictionAnswer } from '../predictions.service.js';
import type { Datatype } from './datatypes.js';
import { outputsOf, TEXT, type TensorMetadata } from './model-metadata.js';

export interface OutputTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: Datatype;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Flat, row-major. */
  readonly data: readonly unknown[];
}

export interface InferResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly outputs: readonly OutputTensor[];
}

/**
 * The outputs that a request chose, in its order; all without a choice.
 * @throws AppError BAD_INPUT for an output that the model does not have.
 */
export function chooseOutputs(
  signature: Signature,
  chosen: readonly { readonly name: string }[] | undefined,
): readonly TensorMetadata[] {
  const outputs = outputsOf(signature);
  if (!chosen || chosen.length === 0) return outputs;
  return chosen.map(({ name }) => {
    const output = outputs.find((candidate) => candidate.name === name);
    if (output) return output;
    const names = outputs.map((candidate) => candidate.name).join(', ');
    throw new AppError('BAD_INPUT', `The model has no output "${name}". Choose among ${names}, or leave outputs out.`);
  });
}

/** @param id that the request gave, or that it has got. */
export function inferResponse(
  { model, predictions }: PredictionAnswer,
  outputs: readonly TensorMetadata[],
  classes: readonly string[],
  id: string,
): InferResponse {
  const data: Readonly<Record<string, () => unknown[]>> = {
    predict: () => predictions.map(({ value }) => value),
    predict_proba: () => predictions.flatMap(({ probabilities }) => classes.map((label) => probabilities![label])),
    prediction_id: () => predictions.map((prediction) => prediction.id),
  };
  return {
    model_name: model.name,
    model_version: String(model.version),
    id,
    outputs: outputs.map(({ name, datatype, shape }) => ({
      name,
      shape: [predictions.length, ...shape.slice(1)],
      datatype,
      ...(datatype === 'BYTES' && { parameters: TEXT }),
      data: data[name]!(),
    })),
  };
}
