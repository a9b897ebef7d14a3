import {
  ClientDomainService, fieldWrites, initialRecord,
  type AggregateDefinition, type BroadcastReason, type Change, type DecidedEvent, type Decision, type JsonObject, type Lifecycle, type MarkedDirty,
  type RecordChanged, type RecordState,
} from '../../src/index.ts';
import { at, client } from './records.ts';

/** What is expected of a decision: the events exactly and in their order; outcome, lost values and warnings' codes beside. */
export interface Expected {
  readonly outcome: Decision['outcome'];
  readonly events: readonly DecidedEvent[];
  readonly lost: Decision['lost'];
  readonly warnings: readonly string[];
}

/** A story as a value: what had arrived, what arrives, what must come of it. */
export interface Story {
  readonly seen: Expected;
  readonly expected: Expected;
}

/** `given(what arrived before).when(what arrives now).then(the events it must make, ...)`. */
export function given(...arrived: readonly Change[]) {
  return givenFor(client, ...arrived);
}

export function givenFor(definition: AggregateDefinition, ...arrived: readonly Change[]) {
  const before = arrived.reduce((state, change) => decide(change, state, definition).stateAfter, initialRecord);
  return {
    when: (change: Change) => {
      const { outcome, events, lost, warnings } = decide(change, before, definition);
      const seen = { outcome, events, lost, warnings: warnings.map(({ code }) => code) };
      const story = (expected: Partial<Expected>): Story => ({
        seen, expected: { outcome: 'applied', events: [], lost: [], warnings: [], ...expected },
      });
      return {
        then: (events: readonly DecidedEvent[], also: { lost?: JsonObject; warnings?: readonly string[] } = {}): Story =>
          story({ events, lost: fieldWrites(also.lost ?? {}), warnings: also.warnings ?? [] }),
        thenSuperseded: (lost: JsonObject, warnings: readonly string[] = []): Story =>
          story({ outcome: 'superseded', lost: fieldWrites(lost), warnings }),
      };
    },
  };
}

interface Said {
  readonly fields?: JsonObject;
  readonly lost?: JsonObject;
  readonly floor?: boolean;
  readonly lifecycle?: Lifecycle | null;
  readonly changed?: readonly string[];
}

/** An event that others are told of, with the public state that goes with it. */
export function told(type: RecordChanged['type'], n: number, reason: BroadcastReason, said: Said, state: JsonObject | null): DecidedEvent {
  return { event: { ...changed(type, n, said), state }, broadcast: true, broadcastReason: reason };
}

/** An event that stays inside. */
export function kept(type: RecordChanged['type'], n: number, reason: BroadcastReason, said: Said): DecidedEvent {
  return { event: changed(type, n, said), broadcast: false, broadcastReason: reason };
}

export function withdrawn(n: number, status: string | null): DecidedEvent {
  return { event: { type: 'Withdrawn', clock: at(n), status }, broadcast: true, broadcastReason: 'withdrawal' };
}

export function markedDirty(n: number, since: number, reason: MarkedDirty['reason'], gap = false): DecidedEvent {
  return { event: { type: 'MarkedDirty', clock: at(n), since: at(since), reason, gap }, broadcast: false, broadcastReason: 'dirty' };
}

export function cleaned(n: number): DecidedEvent {
  return { event: { type: 'Cleaned', clock: at(n), state: null }, broadcast: false, broadcastReason: 'nothing_withheld' };
}

/** The public state of a client. */
export function shown(fields: JsonObject, rest: { status?: string; complete?: boolean; dirtySince?: string } = {}): JsonObject {
  return { type: 'client', lifecycle: 'active', complete: rest.complete ?? true, dirty_since: rest.dirtySince ?? null, status: rest.status ?? null, fields };
}

function changed(type: RecordChanged['type'], n: number, said: Said): RecordChanged {
  return {
    type,
    clock: at(n),
    fields: fieldWrites(said.fields ?? {}),
    lost: fieldWrites(said.lost ?? {}),
    floor: said.floor ?? false,
    lifecycle: said.lifecycle ?? null,
    changed: said.changed ?? [],
    state: null,
  };
}

function decide(change: Change, state: RecordState, definition: AggregateDefinition): Decision {
  return ClientDomainService.processCrmEvent(change, state, definition);
}
