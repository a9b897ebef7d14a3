import {
  ClientDomainService, commitTime, defaultContext, initialRecord, isLater, replay,
  type Change, type Clock, type Decision, type DomainEvent, type JsonObject, type RecordReading, type RecordState,
} from '../../src/index.ts';
import type { Fault } from './faults.ts';
import { patch, type OrgStory } from './model-org.ts';
import { client } from './records.ts';

/** A record as it is kept here, by what arrives: what is known, what was stored, and what look is asked for. */
export class Mirror {
  state: RecordState = initialRecord;
  readonly events: DomainEvent[] = [];
  /** The public state as somebody holds it who hears the broadcasts alone. */
  held: JsonObject | null = null;
  readonly #fault: Fault | null;
  readonly #story: OrgStory;
  #arrivals = 0;
  #asked: Clock | null = null;

  constructor(fault: Fault | null, story: OrgStory) {
    this.#fault = fault;
    this.#story = story;
  }

  get isAsking(): boolean {
    return this.#asked !== null;
  }

  take(arrival: Change | RecordReading): void {
    this.#arrivals += 1;
    const sent = this.#bent(arrival);
    if (sent === null) return;
    if ('mark' in sent && this.#asked !== null && commitTime(this.#asked) < sent.mark.from) this.#asked = null;
    const state = this.#fault?.before?.(this.state, sent) ?? this.state;
    const { events, stateAfter, reads } = this.#decide(sent, state);
    const stored = events.map(({ event }) => event);
    this.state = this.#fault === null ? stateAfter : this.#broken(stored, state, sent);
    this.events.push(...stored);
    for (const { event, broadcast } of events) if (broadcast) this.held = heldAfter(event, this.held);
    for (const { since } of reads) if (isLater(since, this.#asked)) this.#asked = since;
  }

  #decide(sent: Change | RecordReading, state: RecordState): Decision {
    const context = { ...defaultContext, readable: true, survivors: true, patch: this.#fault?.patch ?? patch };
    return 'mark' in sent
      ? ClientDomainService.processRecordRead(sent, state, client, context)
      : ClientDomainService.processCrmEvent(sent, state, client, context);
  }

  #bent(arrival: Change | RecordReading): Change | RecordReading | null {
    const { change, reading } = this.#fault ?? {};
    if ('mark' in arrival) return reading === undefined ? arrival : reading(arrival, this.#story);
    return change === undefined ? arrival : change(arrival, this.state, this.#arrivals);
  }

  #broken(events: readonly DomainEvent[], state: RecordState, sent: Change | RecordReading): RecordState {
    const after = replay(events.map((event) => this.#fault?.event?.(event) ?? event), state);
    return this.#fault?.after?.(after, sent) ?? after;
  }
}

function heldAfter(event: DomainEvent, held: JsonObject | null): JsonObject | null {
  if (event.type === 'Withdrawn' || event.type === 'Deleted') return null;
  return 'state' in event && event.state !== null ? event.state : held;
}
