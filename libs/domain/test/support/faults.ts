import { clockOf, clockParts, type Change, type DomainEvent, type RecordReading, type RecordState } from '../../src/index.ts';
import type { OrgStory } from './model-org.ts';

/** A rule that is broken on purpose: in what comes in, in what is stored, or in the state. Stands in the tests alone. */
export interface Fault {
  readonly change?: (change: Change, state: RecordState, arrival: number) => Change | null;
  readonly reading?: (reading: RecordReading, story: OrgStory) => RecordReading | null;
  readonly patch?: (base: string, difference: string) => string | null;
  readonly before?: (state: RecordState, sent: Change | RecordReading) => RecordState;
  readonly event?: (event: DomainEvent) => DomainEvent;
  readonly after?: (state: RecordState, sent: Change | RecordReading) => RecordState;
}

const COMPONENTS = ['BillingAddress.Street', 'BillingAddress.City'];

function marked(reading: RecordReading, mark: Partial<RecordReading['mark']>): RecordReading {
  return { ...reading, mark: { ...reading.mark, ...mark } };
}

export const faults: Readonly<Record<string, Fault>> = {
  'arrival order wins': {
    change: (change, _, arrival) => ({ ...change, clock: clockOf({ ...clockParts(change.clock), commitNumber: String(arrival), commitTime: 1_700_000_000_000 }) }),
  },
  'the floor is ignored': { event: (event) => ('floor' in event ? { ...event, floor: false } : event) },
  'a compound is replaced': {
    change: (change) => {
      const isPart = change.fields.some(({ path }) => COMPONENTS.includes(path));
      const others = COMPONENTS.filter((path) => !change.fields.some((write) => write.path === path));
      return isPart && change.kind === 'update' ? { ...change, fields: [...change.fields, ...others.map((path) => ({ path, value: null }))] } : change;
    },
  },
  'a tombstone is forgotten': { change: (change, state) => (change.kind === 'delete' && state.version === 0 ? null : change) },
  'a commit number is rounded': {
    change: (change) => {
      const parts = clockParts(change.clock);
      return { ...change, clock: clockOf({ ...parts, commitNumber: String(BigInt(Number(parts.commitNumber))) }) };
    },
  },
  'a look is clocked by the last modification that it saw': {
    reading: (reading, { stampSeenBy }) => {
      const stamp = stampSeenBy.get(reading.id) ?? 0;
      return marked(reading, { from: stamp, until: stamp });
    },
  },
  'a look has no window': { reading: (reading) => marked(reading, { from: reading.mark.until }) },
  'a look wins over later changes': { reading: (reading) => marked(reading, { from: reading.mark.from + 60_000, until: reading.mark.until + 60_000 }) },
  'a look loses to what it has seen': { reading: (reading) => marked(reading, { from: 0 }) },
  'the look that arrives last counts': {
    before: (state, sent) => ('mark' in sent ? { ...state, reads: new Map(), read: null } : state),
  },
  'a gap is cleared by any look': { after: (state, sent) => ('mark' in sent ? { ...state, gaps: [] } : state) },
  'gaps are passed over': { change: (change) => (change.kind.startsWith('gap_') ? null : change) },
  'a null does not void what it holds': {
    change: (change) => ({ ...change, fields: change.fields.filter(({ path, value }) => path !== 'BillingAddress' || value !== null) }),
  },
  'what comes late revives the dead': {
    event: (event) => ('floor' in event && event.floor && event.lifecycle === null ? { ...event, lifecycle: 'active' } : event),
  },
  'a text difference that does not fit is dropped': {
    event: (event) => {
      if (!('diffs' in event)) return event;
      const { diffs: _, ...rest } = event;
      return rest;
    },
  },
  'a text difference is not proved': { patch: (base, difference) => `${base}\n${difference.split('|')[0] ?? ''}` },
  'an absence is no null to a look': {
    reading: (reading) => ({ ...reading, fields: reading.fields.filter(({ value }) => value !== null) }),
  },
};
