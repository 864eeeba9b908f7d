import { encodeModel } from '../onnx/encode.js';
import { GraphBuilder } from '../onnx/graph-builder.js';
import type { Task } from '../schema/signature.js';
import { OUTPUT_NAMES } from './algorithm.js';
import type { PreparedFeature } from './features.js';

/**
 * The ONNX file of a pipeline: one input a feature in the signature's order (also for unused features, so that callers
 * send the same columns to every model), then whatever `add` builds on them.
 *
 * @param add adds the nodes and returns the name of the value to put out.
 */
export function encodeGraph(
  name: string,
  task: Task,
  prepared: readonly PreparedFeature[],
  add: (graph: GraphBuilder) => string,
): Uint8Array {
  const graph = new GraphBuilder();
  for (const { column } of prepared) graph.input(column.name, column.type === 'STRING' ? 'string' : 'float');
  graph.output(OUTPUT_NAMES[task], add(graph));
  return encodeModel(graph.build(name));
}
