import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  /** Names are given without the prefix `clientele_`; a counter's ends in `_total`, a duration's in `_seconds`. */
  counter<L extends string = never>(name: string, help: string, labels?: readonly L[]): Counter<L>;
  /** `collect` sets the gauge when somebody looks, for what need not be kept up to date meanwhile. */
  gauge<L extends string = never>(name: string, help: string, labels?: readonly L[], collect?: (gauge: Gauge<L>) => void): Gauge<L>;
  /** Buckets in seconds by default: 1 ms to 10 s. */
  histogram<L extends string = never>(name: string, help: string, labels?: readonly L[], buckets?: readonly number[]): Histogram<L>;
}

const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry of the service's own, with the process's default metrics; every series is labelled with the service. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    counter: (name, help, labels = []) => new Counter({ name: `clientele_${name}`, help, labelNames: [...labels], registers }),
    gauge: (name, help, labels = [], collect) =>
      new Gauge({
        name: `clientele_${name}`,
        help,
        labelNames: [...labels],
        registers,
        collect() {
          collect?.(this);
        },
      }),
    histogram: (name, help, labels = [], buckets = DURATION_BUCKETS) =>
      new Histogram({ name: `clientele_${name}`, help, labelNames: [...labels], buckets: [...buckets], registers }),
  };
}
