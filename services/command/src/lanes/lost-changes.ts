import type { LaneName } from '@clientele/contracts';
import type { Logger, Metrics } from '@clientele/service-kit';
import type { PublisherCount } from './publisher-numbers.ts';

/** What a committed unit says of losses. */
export interface CountedUnit {
  readonly lane: string;
  readonly count: Pick<PublisherCount, 'lost'>;
}

/** Raises the alarm where numbers of a publisher never came: changes that were acknowledged, and that only the source still has. */
export function lossAlarm(metrics: Pick<Metrics, 'counter'>, logger: Pick<Logger, 'error'>, lanes: readonly LaneName[]): (unit: CountedUnit) => void {
  const total = metrics.counter('lost_total', 'Changes that were accepted and never came to their lane', ['lane']);
  // There from the start: a series that begins with its first loss shows no increase.
  for (const lane of lanes) total.inc({ lane }, 0);
  return ({ lane, count }) => {
    for (const [publisher, lost] of count.lost()) {
      total.inc({ lane }, lost);
      logger.error({ lane, publisher, lost }, 'changes were accepted and never came to their lane');
    }
  };
}
