import { stringifyExact } from '@clientele/contracts';
import { fieldWrites } from '@clientele/domain';
import type { TrueKey, TrueRecord } from '@clientele/testing';
import type { ServedRecord } from './query-client.ts';

/** Where the answer of the query service is not what the org holds. Values as JSON text, digit for digit; `(none)` for no value. */
export interface Difference {
  readonly record: string;
  /** A path in the org's own names, or what of the record differs. */
  readonly field: string;
  readonly org: string;
  readonly query: string;
  /** The record was purged: if its deletion was lost, nothing tells of it but a comparison of all records. */
  readonly purged: boolean;
}

/** What of an org's records nobody can be held to. */
export interface Leniency {
  /** Something was lost on the way: of what a deleted record held last, only its source could have told, which no longer shows it. */
  readonly lossy: boolean;
  /** Records that need not be known: deleted before anybody told of them. */
  readonly forgotten: ReadonlySet<string>;
  /** Served records that are another run's: they need not be the org's. */
  readonly earlier: ReadonlySet<string>;
}

export const STRICT: Leniency = { lossy: false, forgotten: new Set(), earlier: new Set() };
const NONE = '(none)';

/** Every difference between an org's records and those that are served for it. A field that is null is one without a value. */
export function compareRecords(truth: readonly TrueRecord[], served: readonly ServedRecord[], leniency: Leniency = STRICT): Difference[] {
  const byKey = new Map<string, ServedRecord[]>();
  for (const record of served) byKey.set(keyOf(record), [...(byKey.get(keyOf(record)) ?? []), record]);
  const names = new Map(served.map((record) => [record.id, keyOf(record)]));
  const known = new Map(truth.map((record) => [keyOf(record), record]));
  const differences = truth.flatMap((record) => {
    const name = keyOf(record);
    const [found, ...others] = byKey.get(name) ?? [];
    const [which, missing] = [{ record: name, purged: record.purged === true }, { field: '(record)', org: record.lifecycle, query: NONE }];
    if (found === undefined) return leniency.forgotten.has(name) ? [] : [{ ...which, ...missing }];
    const doubled = others.map(({ id }) => ({ ...which, field: '(record)', org: 'one record', query: `also as ${id}` }));
    const rows = [...ofRecord(record, found), ...(leniency.lossy ? ofLossyRecord(record, found, known, names) : ofFields(record, found))];
    return [...doubled, ...rows.filter(({ org, query }) => org !== query).map((row) => ({ ...which, ...row }))];
  });
  const foreign = served.filter((record) => !known.has(keyOf(record)) && !leniency.earlier.has(record.id));
  return [...differences, ...foreign.map((record) => ({ record: keyOf(record), field: '(record)', org: NONE, query: record.id, purged: false }))];
}

type Row = Omit<Difference, 'record' | 'purged'>;

function ofRecord({ lifecycle }: TrueRecord, served: ServedRecord): Row[] {
  return [{ field: '(lifecycle)', org: lifecycle, query: served.lifecycle }];
}

/** A record that is there must be right in everything; of one that is gone, what became of it can be told while its source still knows. */
function ofLossyRecord(truth: TrueRecord, served: ServedRecord, known: ReadonlyMap<string, TrueRecord>, names: ReadonlyMap<string, string>): Row[] {
  if (truth.lifecycle === 'active') return [{ field: '(in doubt since)', org: NONE, query: served.dirtySince ?? NONE }, ...ofFields(truth, served)];
  if (truth.purged === true) return [];
  const survivor = served.supersededBy === null ? NONE : (names.get(served.supersededBy) ?? served.supersededBy);
  const right = survivorsOf(truth, known);
  return [{ field: '(superseded by)', org: right.includes(survivor) ? survivor : (right.at(-1) ?? NONE), query: survivor }];
}

/** Those that a record may be said to live on in: the last after all mergers, and one that is gone for good, of which nobody tells what it became. */
function survivorsOf({ supersededBy = null }: TrueRecord, known: ReadonlyMap<string, TrueRecord>): string[] {
  const survivors: string[] = [];
  for (let next = supersededBy; next !== null;) {
    const record = known.get(keyOf(next));
    const beyond = record?.supersededBy ?? null;
    if (beyond === null || record?.purged === true) survivors.push(keyOf(next));
    next = beyond;
  }
  return survivors;
}

/** What an org computes is a hint: changes tell of it only now and then. */
function ofFields(truth: TrueRecord, served: ServedRecord): Row[] {
  const org = new Map(Array.from(truth.fields, ([path, value]) => [path, stringifyExact(value)]));
  const query = new Map(fieldWrites(served.fields).flatMap(({ path, value }) => (value === null ? [] : [[path, stringifyExact(value)]])));
  const paths = new Set([...org.keys(), ...query.keys()]);
  return [
    { field: '(complete)', org: 'true', query: String(served.complete) },
    ...Array.from(paths).filter((path) => truth.formulas?.has(path) !== true).map((path) => ({ field: path, org: org.get(path) ?? NONE, query: query.get(path) ?? NONE })),
  ];
}

/** What was deleted while its events were lost, and purged before anybody asked: the source tells of it by no longer having it, and not otherwise. */
export function isForComparisonAlone(differences: readonly Difference[]): boolean {
  return differences.length > 0 && differences.every(({ purged }) => purged);
}

export function keyOf({ entity, externalId }: TrueKey | ServedRecord): string {
  return `${entity} ${externalId}`;
}
