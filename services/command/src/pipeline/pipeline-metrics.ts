import type { CommitResult } from '@clientele/event-store';
import type { Metrics } from '@clientele/service-kit';
import { isParkedOrder } from '../handlers/parked-order.ts';
import type { Batch } from './batch.ts';
import type { StageName } from './stage.ts';

/** What the pipeline tells of itself: time by stage, changes by result and reason. */
export class PipelineMetrics {
  readonly #durations;
  readonly #changes;
  readonly #reads;
  readonly #turns;
  readonly #repeats;
  readonly #conflicts;
  readonly #sizes;

  constructor(metrics: Metrics) {
    this.#durations = metrics.histogram('stage_duration_seconds', 'Time that a stage took for a batch', ['stage']);
    this.#changes = metrics.counter('changes_total', 'Changes that were decided', ['outcome', 'reason']);
    this.#reads = metrics.counter('record_reads_total', 'Looks at records that were decided', ['outcome']);
    this.#turns = metrics.counter('dead_letter_turns_total', 'Orders about dead letters, by what became of the dead letter', ['outcome', 'reason']);
    this.#repeats = metrics.counter('repeats_total', 'Changes that came again');
    this.#conflicts = metrics.counter('append_conflicts_total', 'Batches that were decided again', ['kind']);
    this.#sizes = metrics.histogram('batch_changes', 'Changes in a batch', [], [1, 2, 5, 10, 25, 50, 100, 250, 500]);
  }

  async timed(stage: StageName, run: () => Promise<void> | void): Promise<void> {
    const end = this.#durations.startTimer({ stage });
    try {
      await run();
    } finally {
      end();
    }
  }

  conflict(kind: CommitResult['status']): void {
    this.#conflicts.inc({ kind });
  }

  committed({ items, repeats }: Batch): void {
    this.#sizes.observe(items.length);
    for (const { settlement, received } of items) {
      const { outcome = '', reason = '' } = settlement ?? {};
      // A reason that a person gave is no label.
      const labels = { outcome, reason: outcome === 'discarded' ? '' : (reason ?? '') };
      if (received.readable && isParkedOrder(received.command)) this.#turns.inc(labels);
      else if (received.readable && received.command.type === 'RecordRead') this.#reads.inc({ outcome });
      else this.#changes.inc(labels);
    }
    for (const count of repeats.values()) this.#repeats.inc(count);
  }
}
