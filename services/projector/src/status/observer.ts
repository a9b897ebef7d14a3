import { viewText, type ProjectionObserver, type ViewId } from '@clientele/projections';
import type { Logger, Metrics } from '@clientele/service-kit';
import type { ViewStatus } from './view-status.ts';

/** Puts what happens to the views into metrics and log lines. */
export function observeProjections(metrics: Metrics, logger: Logger): ProjectionObserver & { stood(status: ViewStatus): void; unknown(projection: string): void; fellBack(position: number): void } {
  const stages = metrics.histogram('projection_stage_seconds', 'Time that a stage of a batch took: a view by its name, or the whole transaction', ['stage']);
  const entries = metrics.counter('projection_entries_total', 'Entries by what became of them in a view', ['projection', 'result', 'reason']);
  const failures = metrics.counter('projection_failures_total', 'Batches that failed and were tried again', ['reason']);
  const rebuilds = metrics.counter('projection_rebuilds_total', 'Views that were emptied because the log is another one', ['projection']);
  const fallbacks = metrics.counter('projection_fallbacks_total', 'Times that the log had to be read, because the stream did not hold what was asked for');
  const lagEvents = metrics.gauge('projection_lag_events', 'Entries of the log that are not in the view', ['projection']);
  const lagSeconds = metrics.gauge('projection_lag_seconds', 'Age of the oldest of them', ['projection']);
  const parkedRows = metrics.gauge('projection_parked_rows', 'Rows that stand still because an entry could not be applied to them', ['projection']);

  return {
    committed(written, { seconds }) {
      stages.observe({ stage: 'transaction' }, seconds);
      for (const { member, applied, waiting, parked, seconds: taken } of written) {
        const projection = member.projection.name;
        stages.observe({ stage: projection }, taken);
        entries.inc({ projection, result: 'applied', reason: '' }, applied);
        if (waiting > 0) entries.inc({ projection, result: 'waiting', reason: 'row_parked' }, waiting);
        for (const { key, position, reason } of parked) {
          entries.inc({ projection, result: 'parked', reason: reason.split(':', 1)[0] ?? '' });
          logger.error({ projection, key, position, reason }, 'an entry cannot be applied: its row is parked in this view');
        }
      }
    },
    rebuilding(view: ViewId, incarnation) {
      rebuilds.inc({ projection: view.name });
      logger.warn({ view: viewText(view), incarnation }, 'the log is another one: the view is built anew');
    },
    failed(error, retryInMs) {
      failures.inc({ reason: error instanceof Error ? error.name : 'unknown' });
      logger.warn({ err: error, retryInMs }, 'projecting failed; it goes on from the checkpoints');
    },
    fellBack(position) {
      fallbacks.inc();
      logger.info({ position }, 'the stream does not hold what follows: reading the log');
    },
    stood(status) {
      const labels = { projection: status.name };
      lagEvents.set(labels, status.lagEvents);
      lagSeconds.set(labels, status.lagSeconds);
      parkedRows.set(labels, status.parked);
    },
    /** Nobody knows where the view stands: a figure of before would say that all is well. */
    unknown(projection) {
      for (const gauge of [lagEvents, lagSeconds, parkedRows]) gauge.remove({ projection });
    },
  };
}
