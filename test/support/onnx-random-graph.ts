import { ELEMENT } from '../../src/ml/onnx/model.js';
import type { OnnxAttribute, OnnxModel, OnnxTensor } from '../../src/ml/onnx/model.js';
import { int64Tensor } from '../../src/ml/onnx/tensor.js';
import type { Batch } from '../../src/ml/schema/evaluator.js';
import { floats, floatTensor, generator, handmade, ints, int, string, strings, wideInput } from './onnx-parity.js';

type HandmadeNode = Parameters<typeof handmade>[0][number];

const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ'];
// Thresholds and values share numbers, so that x = threshold happens, and 0.1 differs between float32 and float64.
const THRESHOLDS = [-3, -1, -0.1, -1e-45, 0, 0.1, 0.5, 1, 2, 7.25];
const CATEGORIES = ['', 'rain', 'sun', 'Zürich', '雪', 'a b', '0'];
const UNSEEN = ['Rain', ' ', 'sun ', 'null', '1e9'];
const HUGE = [1e30, -1e30, 3e38, -3e38];
const MOST_ROWS = 40;

/** A graph and rows for it, the same for the same seed. */
export function randomGraph(seed: number): { model: OnnxModel; batch: Batch } {
  return new RandomGraph(generator(seed)).make();
}

/** Puts a graph together as exporters might: columns that are prepared, joined and scored. */
class RandomGraph {
  private readonly nodes: HandmadeNode[] = [];
  private readonly initializers: OnnxTensor[] = [];
  private values = 0;
  /** Sums of huge numbers depend on their order, so only graphs without sums get them. */
  private takesHuge = true;

  constructor(private readonly random: () => number) {}

  make(): { model: OnnxModel; batch: Batch } {
    const width = this.upTo(5);
    const texts = this.upTo(3) - 1;
    const parts = [this.prepared('x', width)];
    for (let i = 0; i < texts; i++) parts.push(this.encoded(`s${i}`));
    const joined = this.joined(parts);
    const head = this.normalised(this.head(this.normalised(joined, 0.1)), 0.1);
    this.node('Identity', [head.name], [], 'y');
    const inputs = [wideInput(width), ...Array.from({ length: texts }, (_, i) => textInput(`s${i}`))];
    const model = handmade(this.nodes, { inputs, initializers: this.initializers });
    return { model, batch: this.batch(width, texts) };
  }

  private prepared(name: string, width: number): Value {
    let value: Value = { name, width };
    for (let steps = this.upTo(4) - 1; steps > 0; steps--) value = this.step(value);
    return value;
  }

  private step(value: Value): Value {
    const { width } = value;
    switch (this.upTo(5)) {
      case 1: {
        const replaced = this.chance(0.7) ? NaN : this.pick(THRESHOLDS);
        const attributes = [
          floats('imputed_value_floats', this.perColumn(width)),
          { name: 'replaced_value_float', type: 'FLOAT', value: replaced } as const,
        ];
        return this.through('Imputer', value, attributes);
      }
      case 2:
        return this.through('Scaler', value, [
          floats('offset', this.perColumn(width)),
          floats('scale', this.perColumn(width)),
        ]);
      case 3:
        return this.through('Cast', value, [int('to', ELEMENT.FLOAT)]);
      case 4: {
        const operator = this.pick(['Add', 'Sub', 'Mul', 'Div']);
        const constant = this.perColumn(width);
        const tensor = floatTensor(`constant ${this.initializers.length}`, constant, [constant.length]);
        this.initializers.push(tensor);
        const inputs = this.chance(0.7) ? [value.name, tensor.name] : [tensor.name, value.name];
        return { name: this.node(operator, inputs, []), width };
      }
      default:
        return this.through('Identity', value, []);
    }
  }

  /** A text column as numbers. */
  private encoded(name: string): Value {
    const keys = this.some(CATEGORIES);
    if (this.chance(0.5)) return this.oneHot(name, strings('cats_strings', keys), keys.length);
    const toIntegers = this.chance(0.5);
    if (!toIntegers) {
      const value = this.node(
        'LabelEncoder',
        [name],
        [
          strings('keys_strings', keys),
          floats('values_floats', this.numbers(keys.length)),
          ...(this.chance(0.5) ? [{ name: 'default_float', type: 'FLOAT', value: this.number() } as const] : []),
        ],
      );
      return { name: value, width: 1 };
    }
    const codes = keys.map((_, i) => i - 1);
    const value = this.node(
      'LabelEncoder',
      [name],
      [
        strings('keys_strings', keys),
        ints('values_int64s', codes),
        ...(this.chance(0.5) ? [int('default_int64', this.upTo(5) - 2)] : []),
      ],
    );
    switch (this.upTo(3)) {
      case 1:
        return this.oneHot(value, ints('cats_int64s', codes), codes.length);
      case 2: {
        const again = [ints('keys_int64s', codes), floats('values_floats', this.numbers(codes.length))];
        return { name: this.node('LabelEncoder', [value], again), width: 1 };
      }
      default:
        return { name: this.node('Cast', [value], [int('to', ELEMENT.FLOAT)]), width: 1 };
    }
  }

  private oneHot(name: string, categories: OnnxAttribute, width: number): Value {
    const zeros = this.chance(0.9) ? [] : [int('zeros', 0)];
    const hot = this.node('OneHotEncoder', [name], [categories, ...zeros]);
    const shape = int64Tensor(`shape ${this.initializers.length}`, [this.chance(0.5) ? -1 : 0, width]);
    this.initializers.push(shape);
    return { name: this.node('Reshape', [hot, shape.name], []), width };
  }

  private joined(parts: readonly Value[]): Value {
    const names = parts.map(({ name }) => name);
    const width = parts.reduce((sum, part) => sum + part.width, 0);
    if (this.chance(0.7)) return { name: this.node('Concat', names, [int('axis', 1)]), width };
    const dimensions = ints(
      'inputdimensions',
      parts.map((part) => part.width),
    );
    return { name: this.node('FeatureVectorizer', names, [dimensions]), width };
  }

  private normalised(value: Value, chance: number): Value {
    if (!this.chance(chance)) return value;
    this.takesHuge = false;
    return this.through('Normalizer', value, [string('norm', this.pick(['MAX', 'L1', 'L2']))]);
  }

  private head(x: Value): Value {
    switch (this.upTo(6)) {
      case 1:
        return this.linearRegressor(x);
      case 2:
        return this.linearClassifier(x);
      case 3:
      case 4:
        return this.treeRegressor(x);
      case 5:
        return this.treeClassifier(x);
      default:
        return x;
    }
  }

  private linearRegressor(x: Value): Value {
    this.takesHuge = false;
    const targets = this.upTo(3);
    const attributes = [
      floats('coefficients', this.numbers(targets * x.width)),
      ...(this.chance(0.8) ? [floats('intercepts', this.numbers(targets))] : []),
      int('targets', targets),
      ...this.postTransform(),
    ];
    return { name: this.node('LinearRegressor', [x.name], attributes), width: targets };
  }

  private linearClassifier(x: Value): Value {
    this.takesHuge = false;
    const classes = this.upTo(3) + 1;
    const rows = classes === 2 && this.chance(0.5) ? 1 : classes;
    const attributes = [
      floats('coefficients', this.numbers(rows * x.width)),
      floats('intercepts', this.numbers(rows)),
      this.labels(classes, 'classlabels_ints'),
      ...this.postTransform(),
    ];
    return this.classifier('LinearClassifier', x, attributes, classes);
  }

  private treeRegressor(x: Value): Value {
    const targets = this.upTo(3);
    const aggregate = this.chance(0.7)
      ? []
      : [string('aggregate_function', this.pick(['SUM', 'AVERAGE', 'MIN', 'MAX']))];
    const attributes = [
      ...this.trees(x.width, 'target', () => this.someOf(targets)),
      int('n_targets', targets),
      ...aggregate,
      ...(this.chance(0.4) ? [floats('base_values', this.numbers(targets))] : []),
      ...(this.chance(0.7) ? [] : this.postTransform()),
    ];
    return { name: this.node('TreeEnsembleRegressor', [x.name], attributes), width: targets };
  }

  private treeClassifier(x: Value): Value {
    const classes = this.upTo(3) + 1;
    const only = this.chance(0.3) ? [this.upTo(classes) - 1] : undefined;
    const all = Array.from({ length: classes }, (_, output) => output);
    const ofLeaf = (): readonly number[] => only ?? (this.chance(0.8) ? all : this.someOf(classes));
    const attributes = [
      ...this.trees(x.width, 'class', ofLeaf),
      this.labels(classes, 'classlabels_int64s'),
      ...(this.chance(0.25) ? [floats('base_values', this.numbers(this.chance(0.5) ? classes : 1))] : []),
      ...this.postTransform(),
    ];
    return this.classifier('TreeEnsembleClassifier', x, attributes, classes);
  }

  private classifier(operator: string, x: Value, attributes: readonly OnnxAttribute[], width: number): Value {
    const name = `value ${this.values++}`;
    this.nodes.push({ operator, inputs: [x.name], outputs: [`label of ${name}`, name], attributes });
    return { name, width };
  }

  private labels(classes: number, integers: string): OnnxAttribute {
    const range = Array.from({ length: classes }, (_, i) => i);
    return this.chance(0.5)
      ? ints(integers, range)
      : strings(
          'classlabels_strings',
          range.map((i) => `class ${i}`),
        );
  }

  private postTransform(): OnnxAttribute[] {
    const known = this.chance(0.85) ? ['NONE', 'LOGISTIC', 'SOFTMAX'] : ['SOFTMAX_ZERO', 'PROBIT'];
    return this.chance(0.2) ? [] : [string('post_transform', this.pick(known))];
  }

  /** Trees whose every node has a mode and a side for missing values of its own. @param ofLeaf outputs that a leaf names. */
  private trees(features: number, prefix: 'target' | 'class', ofLeaf: () => readonly number[]): OnnxAttribute[] {
    const columns: number[][] = Array.from({ length: 7 }, () => []);
    const [treeIds, nodeIds, featureIds, values, yes, no, tracks] = columns as [
      number[],
      number[],
      number[],
      number[],
      number[],
      number[],
      number[],
    ];
    const modes: string[] = [];
    const leaves = { trees: [] as number[], nodes: [] as number[], outputs: [] as number[], weights: [] as number[] };
    const grow = (tree: number, depth: number, first: number): number => {
      const id = modes.length - first;
      const at = modes.length;
      const splits = depth < 5 && this.chance(0.75);
      treeIds.push(tree);
      nodeIds.push(id);
      featureIds.push(splits ? this.upTo(features) - 1 : 0);
      values.push(splits ? this.pick(THRESHOLDS) : 0);
      tracks.push(splits && this.chance(0.5) ? 1 : 0);
      modes.push(splits ? this.pick(MODES) : 'LEAF');
      yes.push(0);
      no.push(0);
      if (splits) {
        yes[at] = grow(tree, depth + 1, first);
        no[at] = grow(tree, depth + 1, first);
        return id;
      }
      for (const output of ofLeaf()) {
        leaves.trees.push(tree);
        leaves.nodes.push(id);
        leaves.outputs.push(output);
        leaves.weights.push(this.number());
      }
      return id;
    };
    for (let tree = 0, count = this.upTo(6); tree < count; tree++) grow(tree, 0, modes.length);
    return [
      ints('nodes_treeids', treeIds),
      ints('nodes_nodeids', nodeIds),
      ints('nodes_featureids', featureIds),
      floats('nodes_values', values),
      strings('nodes_modes', modes),
      ints('nodes_truenodeids', yes),
      ints('nodes_falsenodeids', no),
      ...(this.chance(0.7) ? [ints('nodes_missing_value_tracks_true', tracks)] : []),
      ints(`${prefix}_treeids`, leaves.trees),
      ints(`${prefix}_nodeids`, leaves.nodes),
      ints(`${prefix}_ids`, leaves.outputs),
      floats(`${prefix}_weights`, leaves.weights),
    ];
  }

  private batch(width: number, texts: number): Batch {
    const rows = this.upTo(MOST_ROWS);
    const cell = (): number => {
      if (this.chance(0.1)) return NaN;
      if (this.chance(0.1)) return this.pick([Infinity, -Infinity, -0]);
      if (this.takesHuge && this.chance(0.1)) return this.pick(HUGE);
      return this.number();
    };
    const text = (): string => this.pick(this.chance(0.7) ? CATEGORIES : UNSEEN);
    const numbers = Array.from({ length: width }, () => Float32Array.from({ length: rows }, cell));
    return { rows, columns: [...numbers, ...Array.from({ length: texts }, () => Array.from({ length: rows }, text))] };
  }

  private through(operator: string, { name, width }: Value, attributes: readonly OnnxAttribute[]): Value {
    return { name: this.node(operator, [name], attributes), width };
  }

  private node(
    operator: string,
    inputs: readonly string[],
    attributes: readonly OnnxAttribute[],
    output = `value ${this.values++}`,
  ): string {
    this.nodes.push({ operator, inputs, outputs: [output], attributes });
    return output;
  }

  /** One number for all columns, or one for each. */
  private perColumn(width: number): number[] {
    return this.numbers(this.chance(0.5) ? width : 1);
  }

  private numbers(count: number): number[] {
    return Array.from({ length: count }, () => this.number());
  }

  private number(): number {
    return this.chance(0.4) ? this.pick(THRESHOLDS) : Math.fround(this.random() * 6 - 3);
  }

  private some(names: readonly string[]): string[] {
    return names.slice(0, this.upTo(names.length));
  }

  /** Some of the first numbers, one at least. */
  private someOf(count: number): number[] {
    const chosen = Array.from({ length: count }, (_, i) => i).filter(() => this.chance(0.6));
    return chosen.length > 0 ? chosen : [this.upTo(count) - 1];
  }

  private pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.random() * items.length)]!;
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  /** 1 to `most`. */
  private upTo(most: number): number {
    return 1 + Math.floor(this.random() * most);
  }
}

/** A value of the graph [rows, width]. */
interface Value {
  readonly name: string;
  readonly width: number;
}

function textInput(name: string): OnnxModel['graph']['inputs'][number] {
  return { name, type: { kind: 'tensor', elementType: ELEMENT.STRING, shape: ['N', 1] } };
}
