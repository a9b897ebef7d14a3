import { clockOf, fieldWrites, readMark, type Change, type ChangeKind, type FieldWrite, type Json, type JsonObject, type RecordReading, type RecordReference } from '../../src/index.ts';

/** What somebody does to the record in its org, as a script says it; what it is for the org depends on what the record is by then. */
export interface Deed {
  readonly what: 'put' | 'delete' | 'merge' | 'touch';
  readonly body: { readonly Name?: Json; readonly Phone?: Json; readonly Street?: Json; readonly City?: Json };
  /** The whole address is emptied. */
  readonly noAddress: boolean;
  /** The long text: set anew, or a line more, or left alone. */
  readonly text: 'whole' | 'line' | null;
  /** Milliseconds since the deed before was committed, and from the stamp of this one to its commit, beside the rest of the second. */
  readonly wait: number;
  readonly held: number;
  /** The change itself never comes, only that something was. */
  readonly lost: boolean;
}

/** Somebody looks at the record: when, in thousandths of the time that the deeds take, and for how long. */
export interface Look {
  readonly start: number;
  readonly duration: number;
  /** When in that time the org looks itself, in hundredths. */
  readonly instant: number;
  /** Whether a deleted record comes with its fields. */
  readonly fieldsOfDeleted: boolean;
}

interface Truth {
  readonly at: number;
  readonly life: 'none' | 'active' | 'deleted';
  readonly fields: ReadonlyMap<string, Json>;
  readonly survivor: RecordReference | null;
  readonly stampedAt: number;
}

export interface OrgStory {
  readonly changes: readonly Change[];
  /** What was done, and how it was told, by names that are counted. */
  readonly kinds: ReadonlySet<string>;
  readonly end: Truth;
  readonly lookAt: (look: Look, number: number) => RecordReading | null;
  /** A look at what the org comes to, after all is done. */
  readonly lookInTheEnd: (number: number) => RecordReading;
  /** When the record was last changed, as the org stamps it, by what a look saw. */
  readonly stampSeenBy: ReadonlyMap<string, number>;
}

export const MARGIN = 2000;
const LEAVES = ['Name', 'Phone', 'BillingAddress.Street', 'BillingAddress.City', 'Description'];
const BEGINNING = 1_700_000_000_000;
const KEY = { source: 's', entity: 'E', externalId: '1' };
const NOTHING: Truth = { at: BEGINNING, life: 'none', fields: new Map(), survivor: null, stampedAt: 0 };
const OLD: Truth = { ...NOTHING, life: 'active', fields: new Map<string, Json>([['Name', 'old'], ['BillingAddress.City', 'b'], ['Description', 'old']]) };

/** The text difference of this org: a line more, and the whole outcome to prove it by. */
export function patch(base: string, difference: string): string | null {
  const [line, outcome] = difference.split('|');
  const text = `${base}\n${line}`;
  return text === outcome ? text : null;
}

/** What an org does by a script. Its stamps are whole seconds, no later than the commit, and rise with the commits of a record. */
export function storyOf(deeds: readonly Deed[], isOld: boolean): OrgStory {
  const times: Truth[] = [isOld ? OLD : NOTHING];
  const changes: Change[] = [];
  const kinds = new Set<string>(isOld ? ['create before the feed'] : []);
  const truth = (): Truth => times.at(-1) ?? NOTHING;
  deeds.forEach((deed, index) => {
    const before = truth();
    const at = before.at + deed.wait;
    const stampedAt = Math.max(before.stampedAt, Math.floor((at - deed.held) / 1000) * 1000);
    const done = doneBy(deed, before, index);
    if (done === null) return;
    times.push({ ...done.after, at, stampedAt });
    if (stampedAt === before.stampedAt) kinds.add('several in a second');
    if (at - stampedAt > 1000) kinds.add('stamped a second before its commit');
    const isLost = deed.lost || deed.what === 'touch';
    const change = isLost ? { kind: gapOf(done.kind), fields: [] } : done;
    kinds.add(isLost && done.kind === 'delete' ? 'gap_delete' : change.kind).add(isLost ? 'lost, with a gap' : change.kind);
    if (isLost) kinds.add(deed.what === 'touch' ? 'gap that leaves nothing' : change.kind);
    if (deed.what === 'merge') kinds.add('merge');
    else for (const kind of isLost ? [] : done.kinds) kinds.add(kind);
    const id = `c${(index * 7919 + 13) % 101}`;
    changes.push({
      id, key: KEY, occurredAt: new Date(stampedAt).toISOString(), kind: change.kind, fields: change.fields,
      clock: clockOf({ commitTime: stampedAt, commitNumber: String(1_745_500_706_683_617_281n + BigInt(index)), sequenceNumber: 1, changeId: id }),
      ...(isLost || done.diff === null ? {} : { diffs: [{ path: 'Description', patch: done.diff }] }),
    });
  });
  const end = truth();
  const stampSeenBy = new Map<string, number>();
  const reading = (look: Look, from: number, number: number): RecordReading | null => {
    const answered = from + look.duration;
    const seen = times.findLast(({ at }) => at <= from + (look.duration * look.instant) / 100) ?? NOTHING;
    if (seen.life === 'none') return null;
    if (look.duration >= 700 && times.some(({ at }) => at > from && at <= answered)) kinds.add('changed during a look');
    const until = Math.floor(answered / 1000) * 1000;
    const id = `r${number}`;
    stampSeenBy.set(id, seen.stampedAt);
    return {
      id, key: KEY, result: seen.life === 'active' ? 'found' : 'deleted', survivor: seen.survivor, occurredAt: new Date(until).toISOString(),
      mark: readMark({ from: new Date(until - look.duration).toISOString(), until: new Date(until).toISOString(), number, id }, MARGIN),
      fields: seen.life === 'active' || look.fieldsOfDeleted ? LEAVES.map((path) => ({ path, value: seen.fields.get(path) ?? null })) : [],
    };
  };
  const last: Look = { start: 0, duration: 100, instant: 50, fieldsOfDeleted: false };
  return {
    changes, kinds, end, stampSeenBy,
    lookAt: (look, number) => reading(look, BEGINNING + ((end.at - BEGINNING + 3000) * look.start) / 1000, number),
    lookInTheEnd: (number) => reading(last, end.at + 10_000 + number * 1000, number) ?? fail(),
  };
}

interface Done {
  readonly after: Omit<Truth, 'at' | 'stampedAt'>;
  readonly kind: ChangeKind;
  readonly fields: readonly FieldWrite[];
  readonly diff: string | null;
  readonly kinds: readonly string[];
}

function doneBy(deed: Deed, before: Truth, index: number): Done | null {
  if (deed.what === 'touch') return before.life === 'active' ? { after: before, kind: 'update', fields: [], diff: null, kinds: [] } : null;
  if (before.life === 'none') {
    const { fields } = written(deed, new Map(), index);
    return { after: { life: 'active', fields, survivor: null }, kind: 'create', fields: whole(fields), diff: null, kinds: [] };
  }
  if (before.life === 'deleted') return { after: { life: 'active', fields: before.fields, survivor: null }, kind: 'undelete', fields: whole(before.fields), diff: null, kinds: [] };
  if (deed.what === 'put') {
    const { fields, writes, diff, kinds } = written(deed, before.fields, index);
    return { after: { life: 'active', fields, survivor: null }, kind: 'update', fields: writes, diff, kinds };
  }
  const survivor = deed.what === 'merge' ? { entity: 'E', externalId: `winner ${index}` } : null;
  return { after: { life: 'deleted', fields: before.fields, survivor }, kind: 'delete', fields: [], diff: null, kinds: [] };
}

interface Written {
  readonly fields: ReadonlyMap<string, Json>;
  readonly writes: readonly FieldWrite[];
  readonly diff: string | null;
  readonly kinds: readonly string[];
}

function written({ body, noAddress, text }: Deed, before: ReadonlyMap<string, Json>, index: number): Written {
  const { Street, City, ...rest } = body;
  const address = { ...(Street === undefined ? {} : { Street }), ...(City === undefined ? {} : { City }) };
  const hasAddress = !noAddress && Object.keys(address).length > 0;
  const said: JsonObject = { ...rest, ...(noAddress ? { BillingAddress: null } : {}), ...(hasAddress ? { BillingAddress: address } : {}) };
  const fields = new Map(before);
  if (noAddress) for (const leaf of LEAVES) if (leaf.startsWith('BillingAddress.')) fields.delete(leaf);
  const writes = fieldWrites(said);
  for (const { path, value } of writes) if (LEAVES.includes(path)) fields.set(path, value);
  const kinds = [...(noAddress ? ['null at a compound'] : []), ...(hasAddress ? ['component of a compound'] : [])];
  const base = before.get('Description');
  if (text === null) return { fields, writes, diff: null, kinds };
  const isDiff = text === 'line' && typeof base === 'string';
  const value = isDiff ? `${base}\n${index}` : `text ${index}`;
  fields.set('Description', value);
  if (isDiff) return { fields, writes, diff: `${index}|${value}`, kinds: [...kinds, 'text difference'] };
  return { fields, writes: [...writes, { path: 'Description', value }], diff: null, kinds };
}

function whole(fields: ReadonlyMap<string, Json>): FieldWrite[] {
  return Array.from(fields, ([path, value]) => ({ path, value })).filter(({ value }) => value !== null);
}

function gapOf(kind: ChangeKind): ChangeKind {
  switch (kind) {
    case 'create':
      return 'gap_create';
    case 'undelete':
      return 'gap_undelete';
    case 'update':
      return 'gap_update';
    default:
      return kind;
  }
}

function fail(): never {
  throw new Error('a record that never was');
}
