import { type Metric, register } from 'prom-client';

export interface HistogramOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Label[];
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
}

type LabelValues<Label extends string> = Readonly<Record<Label, string>>;

/** What was observed under one set of labels. */
interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** By bucket, and last of all what exceeds the bounds. */
  readonly counts: Float64Array;
  sum: number;
}

/** Series by the value of the first label, then of the second… */
interface Branch {
  readonly children: Map<string, Branch>;
  series: Series | undefined;
}

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * A histogram in prom-client's registry, for what happens with every request: prom-client's own writes the labels as a
 * text for each observation, and the bound of its bucket as another.
 */
export class Histogram<Label extends string = never> {
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly name: string;
  readonly help: string;
  private readonly labelNames: readonly Label[];
  private readonly bounds: readonly number[];
  private readonly root: Branch = { children: new Map(), series: undefined };
  private readonly all: Series[] = [];

  constructor({ name, help, labelNames = [], buckets }: HistogramOptions<Label>) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.bounds = buckets;
    if (labelNames.length === 0) this.root.series = this.startSeries({});
    register.registerMetric(this as unknown as Metric);
  }

  /** @throws TypeError for a value that is not finite. */
  observe(value: number, labels: LabelValues<Label>): void {
    if (!Number.isFinite(value)) throw new TypeError(`${value} was observed for ${this.name}; it must be finite.`);
    const { bounds } = this;
    const series = this.seriesOf(labels);
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    series.counts[bucket]!++;
    series.sum += value;
  }

  /** Called by the registry. */
  async get() {
    const { name, help, type, aggregator } = this;
    return Promise.resolve({
      name,
      help,
      type,
      aggregator,
      values: this.all.flatMap((series) => this.samplesOf(series)),
    });
  }

  private seriesOf(labels: LabelValues<Label>): Series {
    let branch = this.root;
    for (const name of this.labelNames) {
      const value = labels[name];
      let child = branch.children.get(value);
      if (!child) branch.children.set(value, (child = { children: new Map(), series: undefined }));
      branch = child;
    }
    return (branch.series ??= this.startSeries(labels));
  }

  private startSeries(labels: Readonly<Record<string, string>>): Series {
    const series = { labels: { ...labels }, counts: new Float64Array(this.bounds.length + 1), sum: 0 };
    this.all.push(series);
    return series;
  }

  private samplesOf({ labels, counts, sum }: Series): Sample[] {
    let total = 0;
    const buckets = [...counts].map((count, i) => ({
      metricName: `${this.name}_bucket`,
      labels: { le: this.bounds[i] ?? '+Inf', ...labels },
      value: (total += count),
    }));
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: total },
    ];
  }
}
