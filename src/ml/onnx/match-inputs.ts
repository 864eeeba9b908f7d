import type { FeatureType } from '../schema/signature.js';
import type { GraphInput } from './graph-interface.js';
import { UnfitGraphError } from './model.js';

export interface InputColumn {
  readonly name: string;
  readonly type: FeatureType;
}

/**
 * How a graph takes a model's features: MATRIX is one input [N, F] with all of them in the model's order, COLUMNS one
 * input [N, 1] a feature, found by its name; a feature without an input is not used.
 */
export interface InputMatch {
  readonly layout: 'MATRIX' | 'COLUMNS';
  readonly unused: readonly string[];
}

/** @throws UnfitGraphError that names the inputs which don't match, and what to do. */
export function matchInputs(inputs: readonly GraphInput[], features: readonly InputColumn[]): InputMatch {
  const [first, ...others] = inputs;
  if (!first) throw new UnfitGraphError('It has no input. Export it with an input for each feature of the model.');
  if (others.length === 0 && (first.columns > 1 || !features.some(({ name }) => name === first.name))) {
    matchMatrix(first, features);
    return { layout: 'MATRIX', unused: [] };
  }
  const wide = inputs.find(({ columns }) => columns > 1);
  if (wide) {
    throw new UnfitGraphError(
      `It has ${inputs.length} inputs, of which ${wide.name} takes ${wide.columns} columns. Export it with one input [None, 1] for each feature, or a single one for all.`,
    );
  }
  return { layout: 'COLUMNS', unused: matchColumns(inputs, features) };
}

function matchMatrix({ name, type, columns }: GraphInput, features: readonly InputColumn[]): void {
  const names = features.map((feature) => feature.name).join(', ');
  if (columns !== features.length) {
    throw new UnfitGraphError(
      `Its input ${name} takes ${columns} columns, but the model has ${features.length} features: ${names}. Export it for these, in this order, or create a model with the features that it was made for.`,
    );
  }
  const wrong = features.find((feature) => takes(type) !== kindOf(feature));
  if (!wrong) return;
  throw new UnfitGraphError(
    `Its input ${name} takes ${takes(type)} for all features, but ${wrong.name} holds ${kindOf(wrong)}. Export it with one input [None, 1] for each feature, named like it.`,
  );
}

function matchColumns(inputs: readonly GraphInput[], features: readonly InputColumn[]): string[] {
  const byName = new Map(features.map((feature) => [feature.name, feature]));
  const unknown = inputs.filter(({ name }) => !byName.has(name)).map(({ name }) => name);
  if (unknown.length > 0) {
    throw new UnfitGraphError(
      `Its inputs ${unknown.join(', ')} are no features of the model, which are ${[...byName.keys()].join(', ')}. Name the inputs like the features when you export it.`,
    );
  }
  for (const { name, type } of inputs) {
    const feature = byName.get(name)!;
    if (takes(type) === kindOf(feature)) continue;
    throw new UnfitGraphError(
      `Its input ${name} takes ${takes(type)}, but the column holds ${kindOf(feature)}. Export it with the column's type, or cast the column when you extract the data.`,
    );
  }
  const given = new Set(inputs.map(({ name }) => name));
  return features.filter(({ name }) => !given.has(name)).map(({ name }) => name);
}

function takes(type: GraphInput['type']): string {
  return type === 'string' ? 'text' : 'numbers';
}

function kindOf({ type }: InputColumn): string {
  return type === 'STRING' ? 'text' : 'numbers';
}
