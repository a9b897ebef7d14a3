import type { NatsLink } from '@clientele/messaging';
import type { Health, Metrics } from '@clientele/service-kit';
import type { Pool } from 'pg';
import type { LaneBoard } from './lanes/lane-board.ts';

export interface CommandHealthParts {
  readonly health: Health;
  readonly pool: Pool;
  readonly link: Pick<NatsLink, 'connected'>;
  readonly board: LaneBoard;
}

/** Ready: database and broker can be had, and no lane of ours stands still. Progress: every lane of ours moves while it lags. */
export function watchCommand({ health, pool, link, board }: CommandHealthParts): void {
  health.check('write database', async () => void (await pool.query('select 1')));
  health.check('broker', () => {
    if (!link.connected) throw new Error('not connected');
  });
  health.check('lanes', () => {
    const trouble = board.trouble();
    if (trouble !== null) throw new Error(trouble);
  });
  for (const [lane] of board.entries()) {
    health.progress(`lane ${lane}`, () => ({ lag: board.of(lane).lag, position: board.of(lane).moves }));
  }
}

/** Where the lanes of this process stand, told when somebody looks. */
export function measureLanes(metrics: Metrics, board: LaneBoard, now: () => number): void {
  metrics.gauge('lane_held', 'Whether this process owns the lane', ['lane'], (gauge) => {
    for (const [lane] of board.entries()) gauge.set({ lane }, board.isHeld(lane) ? 1 : 0);
  });
  metrics.gauge('lane_lag_messages', 'Messages behind the checkpoint of a lane of this process', ['lane'], (gauge) => {
    for (const [lane, { lag }] of board.entries()) gauge.set({ lane }, lag);
  });
  metrics.gauge('lane_lag_seconds', 'Age of the change that was decided last, while more are there', ['lane'], (gauge) => {
    for (const [lane] of board.entries()) gauge.set({ lane }, board.lagSeconds(lane, now()));
  });
}
