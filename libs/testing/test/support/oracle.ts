import { createHash } from 'node:crypto';
import { numberLiteral, parseExact, stringifyExact } from '@clientele/contracts';
import { fieldWrites, isJsonObject, type Json, type JsonObject } from '@clientele/domain';

/** A change event as it stands in an envelope. */
export interface Heard {
  readonly entity: string;
  readonly type: string;
  readonly ids: readonly string[];
  /** What sorts events as the records saw them. */
  readonly clock: string;
  readonly stamp: number;
  readonly commitNumber: bigint;
  readonly key: string;
  readonly origin: string;
  readonly user: string;
  readonly changed: readonly string[];
  readonly fields: JsonObject;
}

export interface Known {
  lifecycle: 'active' | 'deleted';
  readonly values: Map<string, Json>;
  /** A gap told that the record is not known well. */
  stale: boolean;
}

export function hear(text: string): Heard {
  const { ChangeEventHeader, ...fields } = object(object(object(parseExact(text))['detail'])['payload']);
  const header = object(ChangeEventHeader);
  const [stamp, number, sequence] = [Number(header['commitTimestamp']), numberLiteral(header['commitNumber']) ?? '', Number(header['sequenceNumber'])];
  return {
    entity: textOf(header['entityName']), type: textOf(header['changeType']), ids: texts(header['recordIds']), stamp, commitNumber: BigInt(number),
    clock: `${stamp}/${number.padStart(20, '0')}/${String(sequence).padStart(6, '0')}`, key: textOf(header['transactionKey']),
    origin: textOf(header['changeOrigin']), user: textOf(header['commitUser']), changed: texts(header['changedFields']), fields,
  };
}

/** What somebody who hears every event, sorts them, and believes them comes to know. The simplest reading of the channel's documentation. */
export function believe(events: readonly Heard[]): Map<string, Known> {
  const known = new Map<string, Known>();
  const heard = new Set<string>();
  for (const event of [...events].sort((one, other) => (one.clock < other.clock ? -1 : one.clock > other.clock ? 1 : 0))) {
    for (const id of event.ids) {
      const change = `${event.clock} ${event.type} ${id}`;
      if (heard.has(change)) continue;
      heard.add(change);
      const record = known.get(id) ?? { lifecycle: 'active', values: new Map(), stale: false };
      known.set(id, record);
      apply(event, record);
    }
  }
  return known;
}

function apply({ type, fields, changed }: Heard, record: Known): void {
  if (type.startsWith('GAP_')) record.stale = true;
  if (type.endsWith('DELETE') && !type.endsWith('UNDELETE')) record.lifecycle = 'deleted';
  else if (/^(GAP_)?(CREATE|UNDELETE)$/.test(type)) record.lifecycle = 'active';
  if (type === 'CREATE' || type === 'UNDELETE') {
    record.stale = false;
    record.values.clear();
    for (const { path, value } of fieldWrites(fields)) record.values.set(path, value);
  }
  if (type !== 'UPDATE') return;
  for (const { path, value } of writes(fields)) {
    if (!changed.some((name) => name === path || name.startsWith(`${path}.`))) continue;
    if (typeof value === 'string' && value.startsWith('--- \n+++ ')) {
      const text = patched(textOf(record.values.get(path)), value);
      if (!record.stale || text !== null) record.values.set(path, text);
    } else if (value === null) for (const leaf of [...record.values.keys()]) {
      if (leaf === path || leaf.startsWith(`${path}.`)) record.values.delete(leaf);
    } else record.values.set(path, value);
  }
}

function writes(fields: JsonObject): { path: string; value: Json }[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (isJsonObject(value) && typeof value['diff'] === 'string') return [{ path: name, value: value['diff'] }];
    return isJsonObject(value) ? fieldWrites({ [name]: value }) : [{ path: name, value }];
  });
}

/** Applies a diff as its documentation says; null where it does not fit. */
export function patched(base: string, diff: string): string | null {
  const [, digest, ...lines] = diff.split('\n');
  const out: string[] = [];
  const before = base.split('\r\n');
  let at = 0;
  for (const line of lines) {
    const from = /^@@ -(\d+),(\d+) /.exec(line);
    if (from !== null) while (at < Number(from[1]) - 1) out.push(before[at++] ?? '');
    else if (line.startsWith('-')) at += before[at] === line.slice(1) ? 1 : Number.NaN;
    else out.push(line.slice(1));
  }
  const text = [...out, ...before.slice(at)].join('\r\n');
  return createHash('sha256').update(text).digest('hex') === digest?.slice(4) ? text : null;
}

export function written(values: ReadonlyMap<string, Json>): string[] {
  return Array.from(values, ([path, value]) => `${path} = ${stringifyExact(value)}`).sort();
}

export function object(value: Json | undefined): JsonObject {
  if (!isJsonObject(value)) throw new TypeError(`no object: ${stringifyExact(value)}`);
  return value;
}

function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** Empty where there is none. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
