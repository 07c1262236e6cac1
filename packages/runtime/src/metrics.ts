import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { createRouteTimes, type RouteTimes } from './route-times.ts';

/**
 * Metrics of one process. Label values are bounded: those not listed beforehand are counted as `other`, so no client can grow the
 * process' memory or the scrape.
 */
export type Metrics = {
  readonly registry: Registry;
  readonly routeTimes: RouteTimes;
  counter<Label extends string = never>(name: string, help: string, labels?: Labels<Label>): BoundedCounter<Label>;
  /** `read` is called at each scrape. */
  gauge(name: string, help: string, read: () => number): void;
  /** Prometheus' text format. */
  text(): Promise<string>;
};
export type Labels<Label extends string> = { readonly [Name in Label]: readonly string[] };
export type BoundedCounter<Label extends string> = { add(labels: { readonly [Name in Label]: string }, by?: number): void };

export const OTHER = 'other';

export function createMetrics(app: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ app });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  const routeTimes = createRouteTimes();
  registry.registerMetric(routeTimes.metric as never);
  return {
    registry,
    routeTimes,
    counter<Label extends string>(name: string, help: string, labels = {} as Labels<Label>): BoundedCounter<Label> {
      const names = Object.keys(labels) as Label[];
      const known = new Map(names.map((label) => [label, new Set(labels[label])]));
      const counter = new Counter({ name, help, labelNames: names, registers: [registry] });
      return {
        add(given, by = 1) {
          const bounded = Object.fromEntries(names.map((label) => [label, known.get(label)?.has(given[label]) ? given[label] : OTHER]));
          counter.inc(bounded as never, by);
        },
      };
    },
    gauge(name, help, read) {
      new Gauge({ name, help, registers: [registry], collect() { this.set(read()); } });
    },
    text: () => registry.metrics(),
  };
}
