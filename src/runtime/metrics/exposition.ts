import { Counter, Gauge, Histogram, Registry, type HistogramConfiguration } from 'prom-client';

import type { Spread } from '../../compiler/metrics/counts.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { METRICS } from './all-metrics.ts';
import type { Metric, Scene } from './metric.ts';

/** Metrics as Prometheus reads them: its text format, version 0.0.4. */
export class Exposition {
  readonly #registry = new Registry();
  readonly #setters: readonly ((scene: Scene) => void)[];

  constructor(stack: string) {
    this.#setters = METRICS.map((metric) => setter(metric, stack, this.#registry));
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(scene: Scene): Promise<string> {
    for (const set of this.#setters) set(scene);
    return this.#registry.metrics();
  }
}

/** Registers a metric; what it gives puts the figures of a moment there. */
function setter(metric: Metric, stack: string, registry: Registry): (scene: Scene) => void {
  const { name, help } = metric;
  // With one label at least: what has none is 0 for the library where nothing is known.
  const labelNames = ['stack', ...metric.labels];
  const common = { name, help, labelNames, registers: [registry] };
  const labelsOf = (values: readonly string[]) =>
    Object.fromEntries(labelNames.map((label, at) => [label, [stack, ...values][at] ?? '']));
  switch (metric.kind) {
    case 'counter': {
      const counter = new Counter(common);
      return (scene) => {
        counter.reset();
        for (const [values, value] of metric.samples(scene)) counter.inc(labelsOf(values), value);
      };
    }
    case 'gauge': {
      const gauge = new Gauge(common);
      return (scene) => {
        gauge.reset();
        for (const [values, value] of metric.samples(scene)) gauge.set(labelsOf(values), value);
      };
    }
    case 'histogram': {
      const histogram = new KeptHistogram(common);
      return (scene) => {
        histogram.spreads = metric
          .spreads(scene)
          .map(([values, spread]) => ({ labels: labelsOf(values), spread }));
      };
    }
    default:
      return unreachable(metric);
  }
}

/** The library's own can only count on from nothing, and what was counted is known already. */
class KeptHistogram extends Histogram {
  readonly #named: { readonly name: string; readonly help: string };
  spreads: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly spread: Spread;
  }[] = [];

  constructor(config: HistogramConfiguration<string>) {
    super(config);
    this.#named = config;
  }

  /** What the registry asks for, in the place of `get`; the library's types know nothing of it. */
  getForPromString() {
    const { name, help } = this.#named;
    const values = this.spreads.flatMap(({ labels, spread }) => {
      const upTo = spread.upTo();
      const within = spread.bounds.map((le, at) => ({ labels: { ...labels, le }, value: upTo[at] ?? 0 }));
      const buckets = [...within, { labels: { ...labels, le: '+Inf' }, value: spread.count }];
      return [
        ...buckets.map((bucket) => ({ ...bucket, metricName: `${name}_bucket` })),
        { labels, value: spread.sum, metricName: `${name}_sum` },
        { labels, value: spread.count, metricName: `${name}_count` },
      ];
    });
    return Promise.resolve({ name, help, type: 'histogram', values });
  }
}
