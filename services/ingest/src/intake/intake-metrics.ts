import type { Metrics } from '@clientele/service-kit';

export type Stage = 'auth' | 'parse' | 'map' | 'dispatch';

export interface IntakeMetrics {
  /** Observes how long a stage took, in milliseconds. */
  readonly stage: (stage: Stage, ms: number) => void;
  readonly changes: (provider: string, kind: string, count: number) => void;
  readonly request: (provider: string, result: 'accepted' | 'quarantined' | 'refused', reason: string) => void;
}

/** From 50 microseconds: most stages are far below a millisecond. */
const STAGE_BUCKETS = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export function intakeMetrics(metrics: Metrics): IntakeMetrics {
  const durations = metrics.histogram('ingest_stage_duration_seconds', 'Time in a stage of intake', ['stage'], STAGE_BUCKETS);
  const changes = metrics.counter('ingest_changes_total', 'Changes that were stored, by kind', ['provider', 'kind']);
  const requests = metrics.counter('ingest_requests_total', 'Requests by result and reason', ['provider', 'result', 'reason']);
  const changesOf = children((provider: string, kind: string) => changes.labels({ provider, kind }));
  const requestsOf = children((provider: string, result: string, reason: string) => requests.labels({ provider, result, reason }));
  const stages = {
    auth: durations.labels({ stage: 'auth' }),
    parse: durations.labels({ stage: 'parse' }),
    map: durations.labels({ stage: 'map' }),
    dispatch: durations.labels({ stage: 'dispatch' }),
  };
  return {
    stage: (stage, ms) => stages[stage].observe(ms / 1000),
    changes: (provider, kind, count) => changesOf(provider, kind).inc(count),
    request: (provider, result, reason) => requestsOf(provider, result, reason).inc(),
  };
}

/** One child of a metric for each combination of labels, looked up by their text: the library would hash them at every count. */
function children<Labels extends string[], Child>(make: (...labels: Labels) => Child): (...labels: Labels) => Child {
  const known = new Map<string, Child>();
  return (...labels) => {
    const key = labels.join('\n');
    const child = known.get(key) ?? make(...labels);
    known.set(key, child);
    return child;
  };
}
