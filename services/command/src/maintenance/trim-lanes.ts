import type { LaneName, LanePosition } from '@clientele/contracts';
import type { LaneStore } from '@clientele/event-store';
import type { LaneTrimmer } from '@clientele/messaging';
import type { Logger } from '@clientele/service-kit';
import type { Chore } from './maintenance.ts';

/** Often enough that a stream that fills up is emptied before its senders are refused. */
const EVERY_MS = 10_000;

export interface TrimLanesParts {
  readonly lanes: readonly LaneName[];
  readonly store: LaneStore;
  readonly trimmer: Pick<LaneTrimmer, 'trim'>;
  readonly logger: Pick<Logger, 'info'>;
  /** Told after each look how full the stream is, 0 to 1. */
  readonly onFullness: (fullness: number) => void;
}

/** Takes what is decided, and old enough, out of the broker. */
export function trimLanes({ lanes, store, trimmer, logger, onFullness }: TrimLanesParts): Chore {
  return {
    name: 'decided commands',
    everyMs: EVERY_MS,
    async run() {
      const checkpoints = new Map<LaneName, LanePosition>();
      for (const lane of lanes) {
        const checkpoint = await store.laneCheckpoint(lane);
        if (checkpoint?.position) checkpoints.set(lane, checkpoint.position);
      }
      const { purged, fullness } = await trimmer.trim(checkpoints);
      if (purged > 0) logger.info({ purged, fullness }, 'decided commands taken out of the broker');
      onFullness(fullness);
    },
  };
}
