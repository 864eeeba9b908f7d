import type { TreeEnsemble } from '../schema/tree-ensemble.js';
import { ELEMENT, ML_DOMAIN } from './model.js';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, ValueInfo } from './model.js';
import { int64Tensor } from './tensor.js';
import { treeAttributes } from './tree-attributes.js';

interface Value {
  readonly type: 'float' | 'string';
  /** Columns a row. */
  readonly width: number;
}

/** A builder that goes on from a finished graph, and the value it goes on from. */
export interface ExtendedGraph {
  readonly graph: GraphBuilder;
  readonly output: string;
}

/**
 * Builds the graph of one pipeline, from named input columns to one output. Each method adds an operator, checks its
 * arguments against the width of its input (RangeError) and returns the name of the value produced, shape [N, width].
 */
export class GraphBuilder {
  private readonly values = new Map<string, Value>();
  private readonly inputs: ValueInfo[] = [];
  private readonly nodes: OnnxNode[] = [];
  private readonly initializers: OnnxTensor[] = [];
  private readonly outputs = new Map<string, string>();

  /**
   * Goes on where a model of one output [N, width] ended.
   * @returns the builder, and the name of what was the output.
   */
  static extending({ graph: { inputs, nodes, initializers, outputs } }: OnnxModel): ExtendedGraph {
    const graph = new GraphBuilder();
    for (const { name, type } of inputs) {
      const isString = type.kind === 'tensor' && type.elementType === ELEMENT.STRING;
      graph.input(name, isString ? 'string' : 'float');
    }
    const [last] = outputs;
    const width = last?.type.kind === 'tensor' ? last.type.shape?.at(-1) : undefined;
    if (outputs.length !== 1 || !last || typeof width !== 'number') {
      throw new RangeError('Only a graph with one output of known width can be extended');
    }
    const taken = new Set(nodes.flatMap((node) => node.outputs));
    let output = `${last.name}_inner`;
    while (taken.has(output) || graph.values.has(output)) output += '_';
    const rename = (value: string): string => (value === last.name ? output : value);
    for (const node of nodes) {
      graph.nodes.push({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) });
    }
    graph.initializers.push(...initializers);
    graph.values.set(output, { type: 'float', width });
    return { graph, output };
  }

  /** Graph input of shape [N, 1]; its name is the column's name. */
  input(name: string, type: 'float' | 'string'): string {
    if (name === '') throw new RangeError('A graph input needs a name');
    if (this.values.has(name)) throw new RangeError(`Two graph inputs are called "${name}"`);
    this.values.set(name, { type, width: 1 });
    this.inputs.push(valueInfo(name, type, 1));
    return name;
  }

  /** Replaces NaN in column i by `imputed[i]`. */
  imputer(x: string, imputed: readonly number[]): string {
    const { width } = this.expect(x, 'float', imputed.length);
    const attributes = [floats('imputed_value_floats', imputed), float('replaced_value_float', NaN)];
    return this.mlNode('Imputer', [x], attributes, { type: 'float', width });
  }

  /** (x − offset[i]) × scale[i] for column i. */
  scaler(x: string, offset: readonly number[], scale: readonly number[]): string {
    const { width } = this.expect(x, 'float', offset.length);
    this.expect(x, 'float', scale.length);
    return this.mlNode('Scaler', [x], [floats('offset', offset), floats('scale', scale)], { type: 'float', width });
  }

  /** Each row divided by the sum of its magnitudes. */
  normalizer(x: string): string {
    return this.mlNode('Normalizer', [x], [text('norm', 'L1')], this.expect(x, 'float'));
  }

  /** One column a category: 1 where the string equals it, else 0; a row with an unknown string is all zeros. */
  oneHot(x: string, categories: readonly string[]): string {
    this.expect(x, 'string', 1);
    checkDistinct('one-hot category', categories);
    const width = categories.length;
    const attributes: OnnxAttribute[] = [strings('cats_strings', categories), int('zeros', 1)];
    const encoded = this.mlNode('OneHotEncoder', [x], attributes, { type: 'float', width });
    return this.reshape(encoded, width);
  }

  /** keys[i] → values[i], any other string → fallback. */
  labelEncode(x: string, keys: readonly string[], values: readonly number[], fallback: number): string {
    this.expect(x, 'string', 1);
    checkDistinct('category key', keys);
    if (keys.length !== values.length) throw new RangeError(`${keys.length} keys but ${values.length} values`);
    const attributes = [
      strings('keys_strings', keys),
      floats('values_floats', values),
      float('default_float', fallback),
    ];
    checkFinite('default_float', [fallback]);
    return this.mlNode('LabelEncoder', [x], attributes, { type: 'float', width: 1 });
  }

  /** Columns side by side. A single value passes through without a node. */
  concat(xs: readonly string[]): string {
    const [first, ...rest] = xs;
    if (first === undefined) throw new RangeError('Concat needs at least one value');
    let width = 0;
    for (const x of xs) width += this.expect(x, 'float').width;
    if (rest.length === 0) return first;
    const output = this.nextName('Concat');
    this.addNode({
      name: output,
      operator: 'Concat',
      domain: '',
      inputs: xs,
      outputs: [output],
      attributes: [int('axis', 1)],
    });
    this.values.set(output, { type: 'float', width });
    return output;
  }

  /** x · coefficients + intercept, shape [N, 1]. */
  linearRegressor(x: string, coefficients: readonly number[], intercept: number): string {
    this.expect(x, 'float', coefficients.length);
    const attributes = [floats('coefficients', coefficients), floats('intercepts', [intercept]), int('targets', 1)];
    return this.mlNode('LinearRegressor', [x], attributes, { type: 'float', width: 1 });
  }

  /**
   * Probabilities, shape [N, classes]. `coefficients` is row-major, one row a class. For a binary LOGISTIC give one row
   * and one intercept, those of the second class; the graph gets their mirror image as well, because readers disagree
   * about the first class's probability if only one row is there.
   */
  linearClassifier(
    x: string,
    coefficients: readonly number[],
    intercepts: readonly number[],
    classes: readonly string[],
    post: 'LOGISTIC' | 'SOFTMAX',
  ): string {
    checkClasses(classes);
    const { width } = this.expect(x, 'float', coefficients.length / intercepts.length);
    const mirror = post === 'LOGISTIC' && classes.length === 2 && intercepts.length === 1;
    const weights = mirror ? [...coefficients.map((w) => -w), ...coefficients] : coefficients;
    const biases = mirror ? [-intercepts[0]!, intercepts[0]!] : intercepts;
    if (biases.length !== classes.length || weights.length !== width * classes.length) {
      throw new RangeError(`${classes.length} classes of ${width} features do not fit ${intercepts.length} intercepts`);
    }
    const attributes = [
      floats('coefficients', weights),
      floats('intercepts', biases),
      strings('classlabels_strings', classes),
      int('multi_class', 1),
      text('post_transform', post),
    ];
    return this.classifier('LinearClassifier', x, attributes, classes.length);
  }

  /** Sum of the reached leaves' values, shape [N, 1]. */
  treeEnsembleRegressor(x: string, trees: TreeEnsemble): string {
    this.expectForest(x, trees, 1);
    const attributes = [int('n_targets', 1), text('post_transform', 'NONE'), ...treeAttributes(trees, 'target')];
    return this.mlNode('TreeEnsembleRegressor', [x], attributes, { type: 'float', width: 1 });
  }

  /**
   * Probabilities, shape [N, classes], from the sums of the reached leaves' values: as they are (probabilities already
   * divided by the number of trees), or through softmax.
   */
  treeEnsembleClassifier(
    x: string,
    trees: TreeEnsemble,
    classes: readonly string[],
    post: 'NONE' | 'SOFTMAX' = 'NONE',
  ): string {
    checkClasses(classes);
    this.expectForest(x, trees, classes.length);
    const attributes = [
      strings('classlabels_strings', classes),
      text('post_transform', post),
      ...treeAttributes(trees, 'class'),
    ];
    return this.classifier('TreeEnsembleClassifier', x, attributes, classes.length);
  }

  /** Makes a computed value a graph output under the given name. */
  output(name: string, value: string): void {
    this.expect(value, 'float');
    if (this.inputs.some((input) => input.name === value)) throw new RangeError(`"${value}" is an input, not a result`);
    if (this.values.has(name)) throw new RangeError(`The output name "${name}" is taken by another value`);
    if (this.outputs.has(value)) throw new RangeError(`"${value}" already is an output`);
    this.outputs.set(value, name);
  }

  /** The finished model: IR 8, opset 17, ai.onnx.ml 3. */
  build(name: string): OnnxModel {
    if (this.outputs.size === 0) throw new RangeError('A graph needs an output');
    const rename = (value: string): string => this.outputs.get(value) ?? value;
    const nodes = this.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    }));
    const outputs = Array.from(this.outputs, ([value, output]) =>
      valueInfo(output, 'float', this.values.get(value)!.width),
    );
    return {
      irVersion: 8,
      producer: 'boucle',
      opsets: [
        { domain: '', version: 17 },
        { domain: ML_DOMAIN, version: 3 },
      ],
      graph: {
        name,
        nodes,
        initializers: [...this.initializers],
        sparseInitializers: [],
        inputs: [...this.inputs],
        outputs,
      },
      functions: [],
    };
  }

  private expect(x: string, type: 'float' | 'string', width?: number): Value {
    const value = this.values.get(x);
    if (!value) throw new RangeError(`No value called "${x}" in this graph`);
    if (value.type !== type) throw new RangeError(`"${x}" holds ${value.type} values where ${type} ones are needed`);
    if (width !== undefined && value.width !== width) {
      throw new RangeError(`"${x}" has ${value.width} columns where ${width} are needed`);
    }
    return value;
  }

  private expectForest(x: string, trees: TreeEnsemble, outputs: number): void {
    const { width } = this.expect(x, 'float');
    if (trees.width !== outputs)
      throw new RangeError(`The forest gives ${trees.width} values where ${outputs} are needed`);
    for (const feature of trees.feature) {
      if (feature >= width)
        throw new RangeError(`The forest asks for feature ${feature} but "${x}" has ${width} columns`);
    }
  }

  private classifier(operator: string, x: string, attributes: readonly OnnxAttribute[], classes: number): string {
    const probabilities = this.nextName(operator);
    // The label output is compulsory but stays unused: classes are decided from the probabilities.
    const outputs = [`${probabilities}_label`, probabilities];
    this.addNode({ name: probabilities, operator, domain: ML_DOMAIN, inputs: [x], outputs, attributes });
    this.values.set(probabilities, { type: 'float', width: classes });
    return probabilities;
  }

  private mlNode(
    operator: string,
    inputs: readonly string[],
    attributes: readonly OnnxAttribute[],
    value: Value,
  ): string {
    const output = this.nextName(operator);
    this.addNode({ name: output, operator, domain: ML_DOMAIN, inputs, outputs: [output], attributes });
    this.values.set(output, value);
    return output;
  }

  /** OneHotEncoder appends an axis to [N, 1]; this folds [N, 1, width] into [N, width]. */
  private reshape(x: string, width: number): string {
    const output = this.nextName('Reshape');
    const shape = `${output}_shape`;
    this.initializers.push(int64Tensor(shape, [-1, width]));
    this.addNode({
      name: output,
      operator: 'Reshape',
      domain: '',
      inputs: [x, shape],
      outputs: [output],
      attributes: [],
    });
    this.values.set(output, { type: 'float', width });
    return output;
  }

  private addNode(node: OnnxNode): void {
    for (const attribute of node.attributes) {
      // NaN is legal in one place only: as the mark of a missing value.
      if (attribute.type === 'FLOATS') checkFinite(`${node.operator} ${attribute.name}`, attribute.value);
    }
    this.nodes.push(node);
  }

  /** Numbered by node, and never the name of a column: a column may be called "Scaler_2". */
  private nextName(operator: string): string {
    let name = `${operator}_${this.nodes.length + 1}`;
    while (this.values.has(name) || this.values.has(`${name}_label`) || this.values.has(`${name}_shape`)) name += '_';
    return name;
  }
}

function valueInfo(name: string, type: 'float' | 'string', width: number): ValueInfo {
  const elementType = type === 'float' ? ELEMENT.FLOAT : ELEMENT.STRING;
  return { name, type: { kind: 'tensor', elementType, shape: ['N', width] } };
}

function float(name: string, value: number): OnnxAttribute {
  return { name, type: 'FLOAT', value };
}

function floats(name: string, value: readonly number[]): OnnxAttribute {
  return { name, type: 'FLOATS', value };
}

function int(name: string, value: number): OnnxAttribute {
  return { name, type: 'INT', value };
}

function text(name: string, value: string): OnnxAttribute {
  return { name, type: 'STRING', value };
}

function strings(name: string, value: readonly string[]): OnnxAttribute {
  return { name, type: 'STRINGS', value };
}

function checkFinite(what: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(Math.fround(values[i]!))) {
      throw new RangeError(`${what}[${i}] is ${values[i]!}, which float32 can't hold; scale the column or drop it`);
    }
  }
}

function checkDistinct(what: string, values: readonly string[]): void {
  if (values.length === 0) throw new RangeError(`At least one ${what} is needed`);
  if (new Set(values).size !== values.length) throw new RangeError(`A ${what} is given twice`);
}

function checkClasses(classes: readonly string[]): void {
  checkDistinct('class', classes);
  if (classes.length < 2) throw new RangeError('A classifier needs at least two classes');
}
