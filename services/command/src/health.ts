import { otherLanes, streamStatus, type NatsLink } from '@clientele/messaging';
import type { Health, Metrics } from '@clientele/service-kit';
import type { Pool } from 'pg';
import type { LaneBoard } from './lanes/lane-board.ts';
import type { LaneWatch } from './lanes/lane-watch.ts';
import type { Relay } from './relay/relay.ts';

export interface CommandHealthParts {
  readonly health: Health;
  readonly pool: Pool;
  readonly link: NatsLink;
  /** Number of command lanes that this service reads. */
  readonly lanes: number;
  readonly board: LaneBoard;
  readonly watch: Pick<LaneWatch, 'progress'>;
  readonly relay: Pick<Relay, 'status'>;
}

/**
 * Ready: database and broker can be had, COMMANDS takes the lanes that are read and no others, no lane of ours stands still, and the relay
 * has not stopped for a person. Progress: every lane of ours, all lanes together, and the relay where we lead it, move while they lag.
 */
export function watchCommand({ health, pool, link, lanes, board, watch, relay }: CommandHealthParts): void {
  health.check('write database', async () => {
    await pool.query('select 1');
    return null;
  });
  health.check('broker', async () => {
    if (!link.connected) return 'not connected';
    const commands = await streamStatus(link, 'commands');
    return commands === null ? null : otherLanes(commands, lanes);
  });
  health.check('lanes', () => board.trouble());
  health.check('relay', () => {
    const { phase, reason } = relay.status();
    return phase === 'ahead' ? reason ?? phase : null;
  });
  health.progress('relay', () => ({ lag: relay.status().lagEvents, position: relay.status().publishedCount }));
  health.progress('all lanes', () => watch.progress());
  for (const [lane] of board.entries()) {
    health.progress(`lane ${lane}`, () => ({ lag: board.of(lane).lag, position: board.of(lane).moves }));
  }
}

/** Where the lanes of this process stand, told when somebody looks. */
export function measureLanes(metrics: Metrics, board: LaneBoard): void {
  metrics.gauge('lane_held', 'Whether this process owns the lane', ['lane'], (gauge) => {
    for (const [lane] of board.entries()) gauge.set({ lane }, board.isHeld(lane) ? 1 : 0);
  });
  metrics.gauge('lane_lag_messages', 'Messages behind the checkpoint of a lane of this process', ['lane'], (gauge) => {
    for (const [lane, { lag }] of board.entries()) gauge.set({ lane }, lag);
  });
}

export function measureRelay(metrics: Metrics, relay: Pick<Relay, 'status'>): void {
  metrics.gauge('relay_lag_events', 'Entries of the log that are not on the stream yet; 0 where another process leads', [], (gauge) => {
    gauge.set(relay.status().lagEvents);
  });
  metrics.gauge('relay_lag_seconds', 'Age of the oldest of them', [], (gauge) => gauge.set(relay.status().lagSeconds));
  metrics.gauge('relay_leads', 'Whether this process leads the relay', [], (gauge) => {
    gauge.set(relay.status().phase === 'standby' ? 0 : 1);
  });
  metrics.gauge('relay_published', 'Entries that this process published', [], (gauge) => gauge.set(relay.status().publishedCount));
  metrics.gauge('relay_rebuilds', 'Times that this process filled the stream again', [], (gauge) => gauge.set(relay.status().rebuilds));
}
