import { stringifyExact } from '@clientele/contracts';
import { fieldWrites } from '@clientele/domain';
import type { TrueRecord } from '@clientele/testing';
import type { ServedRecord } from './query-client.ts';

/** Where the answer of the query service is not what the org holds. Values as JSON text, digit for digit; `(none)` for no value. */
export interface Difference {
  readonly record: string;
  /** A path in the org's own names, or what of the record differs. */
  readonly field: string;
  readonly org: string;
  readonly query: string;
}

const NONE = '(none)';

/** Every difference between an org's records and those that are served for it. A field that is null is one without a value. */
export function compareRecords(truth: readonly TrueRecord[], served: readonly ServedRecord[]): Difference[] {
  const byKey = new Map<string, ServedRecord[]>();
  for (const record of served) byKey.set(keyOf(record), [...(byKey.get(keyOf(record)) ?? []), record]);
  const differences = truth.flatMap((record) => {
    const [found, ...others] = byKey.get(keyOf(record)) ?? [];
    const name = keyOf(record);
    if (found === undefined) return [{ record: name, field: '(record)', org: record.lifecycle, query: NONE }];
    const doubled = others.map(({ id }) => ({ record: name, field: '(record)', org: 'one record', query: `also as ${id}` }));
    return [...doubled, ...compareRecord(name, record, found)];
  });
  const known = new Set(truth.map(keyOf));
  const foreign = served.filter((record) => !known.has(keyOf(record)));
  return [...differences, ...foreign.map((record) => ({ record: keyOf(record), field: '(record)', org: NONE, query: record.id }))];
}

function compareRecord(record: string, truth: TrueRecord, served: ServedRecord): Difference[] {
  const org = new Map(Array.from(truth.fields, ([path, value]) => [path, stringifyExact(value)]));
  const query = new Map(fieldWrites(served.fields).flatMap(({ path, value }) => (value === null ? [] : [[path, stringifyExact(value)]])));
  const rows = [
    { record, field: '(lifecycle)', org: truth.lifecycle, query: served.lifecycle },
    { record, field: '(complete)', org: 'true', query: String(served.complete) },
    ...[...new Set([...org.keys(), ...query.keys()])].map((path) => ({ record, field: path, org: org.get(path) ?? NONE, query: query.get(path) ?? NONE })),
  ];
  return rows.filter((row) => row.org !== row.query);
}

function keyOf({ entity, externalId }: { readonly entity: string; readonly externalId: string }): string {
  return `${entity} ${externalId}`;
}
