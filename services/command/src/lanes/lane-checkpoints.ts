import type { LaneName, LanePosition } from '@clientele/contracts';

/** How far a lane is decided. */
export interface LaneCheckpoint {
  /** Null before the lane's first message. */
  readonly position: LanePosition | null;
  /** The number of each publisher's next change that the lane has not counted. */
  readonly publishers: ReadonlyMap<string, number>;
}

export interface LaneCheckpoints {
  /** @throws UnavailableError */
  load(lane: LaneName): Promise<LaneCheckpoint>;
}
