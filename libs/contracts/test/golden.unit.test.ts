import type { JsonObject } from '@clientele/domain';
import { isJsonObject } from '@clientele/domain';
import { FormatRegistry } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import {
  decodeDomainEvent, decodeEnvelope, DiscardParked, EditParked, encodeDomainEvent, encodeOutcome, logEntryFromRow, parseExact, ProcessCrmEvent, QuarantineBody,
  RecordRead, RedriveParked, stringifyExact,
  type EventLogRow,
} from '../src/index.ts';

const FOLDER = fileURLToPath(new URL('../../test/golden', import.meta.url));
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.jsonl')).sort();

FormatRegistry.Set('date-time', (text) => !Number.isNaN(Date.parse(text)));
const commandSchemas = [ProcessCrmEvent, QuarantineBody, RecordRead, RedriveParked, EditParked, DiscardParked].map((schema) => TypeCompiler.Compile(schema));

function cases(prefix: string): { readonly name: string; readonly line: JsonObject }[] {
  return files.filter((file) => file.startsWith(prefix)).flatMap((file) =>
    readFileSync(join(FOLDER, file), 'utf8').trim().split('\n').map((text, index) => {
      const line = parseExact(text);
      if (!isJsonObject(line)) throw new TypeError(`${file}:${index + 1} is no object`);
      return { name: `${file}:${index + 1}`, line };
    }));
}

/** As JSON text, so that each digit counts, members in the order of their names. */
function canonical(value: unknown): string {
  const sorted = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(sorted);
    if (typeof part !== 'object' || part === null || 'isLosslessNumber' in part) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, sorted(member)]));
  };
  return stringifyExact(sorted(value));
}

function isRow(value: unknown): value is EventLogRow {
  return typeof value === 'object' && value !== null && 'position' in value && 'kind' in value && 'data' in value;
}

function rowOf(value: unknown): EventLogRow {
  if (!isRow(value)) throw new TypeError('no row of the log');
  return value;
}

t.test('golden files are added, never edited', async (t) => {
  const sums = readFileSync(join(FOLDER, 'SHA256SUMS'), 'utf8').trim().split('\n');
  t.same(sums.map((line) => line.split(/\s+/)[1]).sort(), files, 'each file is listed once');
  for (const line of sums) {
    const [sum, file = ''] = line.split(/\s+/);
    t.equal(createHash('sha256').update(readFileSync(join(FOLDER, file))).digest('hex'), sum, file);
  }
  await Promise.resolve();
});

t.test('stored rows are read as they always were', async (t) => {
  const log = cases('log-');
  t.ok(log.length >= 12);
  for (const { name, line: { row: stored, entry, event } } of log) {
    const row = rowOf(stored);
    const read = logEntryFromRow(row);
    t.equal(canonical(read), canonical(entry), `${name}: the entry`);
    t.equal(canonical(logEntryFromRow({ ...row, position: Number(row.position), recorded_at: new Date(row.recorded_at) })), canonical(entry), `${name}: as drivers give it`);
    if (read.kind === 'outcome') {
      const { data, personal, metadata } = encodeOutcome(read);
      t.same({ data, personal, metadata }, { data: row.data, personal: row.personal, metadata: row.metadata }, `${name}: written again it is the same row`);
      continue;
    }
    const decoded = decodeDomainEvent(read);
    t.equal(canonical(decoded), canonical(event), `${name}: the domain event`);
    const again = encodeDomainEvent(decoded, { personal: row.personal === null ? [] : ['Phone', 'BillingAddress'] });
    t.equal(canonical(again.data), canonical(parseExact(row.data)), `${name}: written again it is the same row`);
    t.equal(canonical(again.personal), canonical(parseExact(row.personal ?? 'null')));
  }
  await Promise.resolve();
});

t.test('messages on the lanes are read as they always were', async (t) => {
  for (const { name, line: { message, envelope } } of cases('commands-')) {
    const read = decodeEnvelope(Buffer.from(typeof message === 'string' ? message : ''));
    t.equal(canonical(read), canonical(envelope), name);
    for (const command of read.commands) t.ok(commandSchemas.some((schema) => schema.Check(command)), `${name}: a command that is understood`);
  }
  await Promise.resolve();
});
