import type { LaneName, LanePosition } from '@clientele/contracts';
import type { LaneStore } from '@clientele/event-store';
import type { LaneLook, LaneTrimmer } from '@clientele/messaging';
import type { Logger } from '@clientele/service-kit';
import { lanePlaces } from '../lanes/lane-places.ts';
import type { Chore } from './maintenance.ts';

/** Often enough that a stream that fills up is emptied before its senders are refused. */
const EVERY_MS = 10_000;

export interface TrimLanesParts {
  readonly lanes: readonly LaneName[];
  readonly store: LaneStore;
  readonly trimmer: Pick<LaneTrimmer, 'trim'>;
  readonly look: Pick<LaneLook, 'waiting'>;
  readonly logger: Pick<Logger, 'info'>;
  /** Takes what lies behind the lanes' checkpoints: those that are stuck do not tell it themselves. */
  readonly notePending: (pending: ReadonlyMap<LaneName, number>) => Promise<void>;
}

/** Takes what is decided, and old enough, out of the broker, and notes how much is not. */
export function trimLanes({ lanes, store, trimmer, look, logger, notePending }: TrimLanesParts): Chore {
  return {
    name: 'decided commands',
    everyMs: EVERY_MS,
    async run() {
      const places = await lanePlaces(store, lanes);
      const checkpoints = new Map(Array.from(places).flatMap(([lane, place]): [LaneName, LanePosition][] => (place === null ? [] : [[lane, place]])));
      const { purged, fullness } = await trimmer.trim(checkpoints);
      if (purged > 0) logger.info({ purged, fullness }, 'decided commands taken out of the broker');
      const waiting = await look.waiting(places);
      await notePending(new Map(Array.from(waiting, ([lane, { messages }]) => [lane, messages])));
    },
  };
}
