import { commandLanes, type LaneName } from './lane.ts';

/** The broker's two streams. COMMANDS holds the lanes; EVENTS is a copy of the log in Postgres. */
export const STREAMS = { commands: 'COMMANDS', events: 'EVENTS' } as const;
export const EVENT_SUBJECTS = ['crm.events.>'] as const;

/** What COMMANDS takes. Each lane by its name, so that a change for a lane that nobody reads finds no stream, and is refused. */
export function commandSubjects(lanes: number): string[] {
  return [...commandLanes(lanes).map(laneSubject), 'crm.quarantine.*'];
}

export function laneSubject(lane: LaneName): string {
  return `crm.${lane}`;
}

/** `crm.events.<public|internal>.<aggregate>.<event>`, the event's name in lower case; outcomes go as `crm.events.internal.ledger.<outcome>`. */
export function eventSubject(event: { broadcast: boolean; aggregate: string; type: string }): string {
  return `crm.events.${event.broadcast ? 'public' : 'internal'}.${event.aggregate}.${event.type.toLowerCase()}`;
}
