import type { LaneName, LanePosition } from '@clientele/contracts';
import type { LaneStore } from '@clientele/event-store';

/**
 * Up to where each lane is decided; null: nothing of it is. Asked one after the other: all at once would take connections from those who work.
 * @throws UnavailableError
 */
export async function lanePlaces(store: Pick<LaneStore, 'laneCheckpoint'>, lanes: readonly LaneName[]): Promise<ReadonlyMap<LaneName, LanePosition | null>> {
  const places = new Map<LaneName, LanePosition | null>();
  for (const lane of lanes) places.set(lane, (await store.laneCheckpoint(lane))?.position ?? null);
  return places;
}
