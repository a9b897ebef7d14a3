import { deepStrictEqual } from 'node:assert/strict';
import { EVENT_TYPES, type JsonObject } from '@clientele/domain';
import fc from 'fast-check';
import t from 'tap';
import {
  decodeCloudEvent, encodeCloudEvent, encodeCloudEventReference, exactNumber, OUTCOMES, parseExact, type EventMetadata, type EventWriteDTO,
  type StoredEvent, type StoredOutcome,
} from '../src/index.ts';

const change: EventWriteDTO['metadata'] = {
  kind: 'change', actor: '0055f000001', origin: null, correlation_id: 'c', causation_id: null, transaction_id: 'tx', source_change_type: 'UPDATE',
  clock: { commit_time: '2026-01-01T00:00:00.123Z', commit_number: '1745500706683617281', sequence_number: 1 },
  changed_fields: ['BillingAddress.Street'],
};
const metadata: EventMetadata = {
  correlationId: 'c', causationId: 'k', commandId: 'k', changeId: 'k', provider: 'salesforce', source: 'salesforce:00D', entity: 'Account', externalId: '001',
  clock: { commitTime: 1767225600123, commitNumber: '1745500706683617281', sequenceNumber: 1, changeId: 'k' },
  change, changeEventType: 'Updated', broadcast: true, broadcastReason: 'status is not silent', warnings: [{ path: 'a', code: 'b', message: 'c' }],
  receivedAt: '2026-01-01T00:00:01.000Z',
};
const event: StoredEvent = {
  kind: 'event', position: 42, id: '0190', streamId: 'aggregate', streamType: 'client', version: 3, type: 'Updated', schemaVersion: 1, metadata,
  data: { clock: 'x', fields: [{ path: 'AnnualRevenue', value: exactNumber('1000000.50') }], lifecycle: null, changed: ['fields.revenue'], state: { fields: { revenue: exactNumber('1000000.50') } } },
  occurredAt: '2026-01-01T00:00:00.123Z', recordedAt: '2026-01-01T00:00:02.000Z',
};
const outcome: StoredOutcome = {
  kind: 'outcome', position: 43, id: '0191', changeId: 'k2', outcome: 'parked', reason: 'unsupported_change', errors: [], warnings: [], aggregateId: null,
  event: { id: '20260101-k2', provider: 'salesforce', source: 's', entity: 'Account', aggregate_type: null, data: { n: exactNumber('9007199254740993') }, metadata: change, occurred_at: 'x' },
  correlationId: 'c', source: null, provider: 'salesforce', receivedAt: '2026-01-01T00:00:01.000Z', recordedAt: '2026-01-01T00:00:02.000Z',
};

t.test('a published event reads as the contract says', async (t) => {
  const published = parseExact(encodeCloudEvent(event, 'log-1')) as JsonObject;
  t.match(published, {
    specversion: '1.0', id: '0190', type: 'clientele.client.updated', subject: 'aggregate', time: '2026-01-01T00:00:00.123Z',
    logposition: '42', logincarnation: 'log-1', correlationid: 'c', causationid: 'k',
    data: { aggregate_id: 'aggregate', version: 3, changed: ['fields.revenue'], metadata: { clock: { commit_number: '1745500706683617281' }, change } },
  });
  t.match(encodeCloudEvent(event, 'log-1'), /"state":\{"fields":\{"revenue":1000000\.50\}\}/, 'decimals keep their digits');
  t.match(parseExact(encodeCloudEvent(outcome, 'log-1')), { type: 'clientele.ledger.parked', subject: 'k2', data: { outcome: 'parked', reason: 'unsupported_change' } });
});

t.test('an event without its data says where it is had', async (t) => {
  const text = encodeCloudEventReference(event, 'log-1', 'http://localhost:7004/feed?from=42');
  t.match(parseExact(text), { dataref: 'http://localhost:7004/feed?from=42', logposition: '42' });
  t.same(decodeCloudEvent(text), { incarnation: 'log-1', position: 42, entry: null });
});

t.test('every log entry comes back as it was', async () => {
  const json = fc.letrec<{ value: JsonObject[string] }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.string(), fc.boolean(), fc.constant(null), fc.integer(),
      fc.bigInt().map((number) => exactNumber(String(number))), fc.constantFrom('100.50', '1e400', '0.10', '-0.0').map(exactNumber),
      fc.array(tie('value')), fc.dictionary(fc.string().filter((key) => key !== '__proto__'), tie('value'), { noNullPrototype: true }),
    ),
  })).value;
  const data = fc.dictionary(fc.constantFrom('clock', 'fields', 'changed', 'state', 'lost', 'status', 'odd key\n'), json, { noNullPrototype: true });
  const entries = fc.oneof(
    fc.record({ data, type: fc.constantFrom(...EVENT_TYPES), position: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), version: fc.integer({ min: 1 }) })
      .map((part): StoredEvent => ({ ...event, ...part })),
    fc.record({ outcome: fc.constantFrom(...OUTCOMES), reason: fc.option(fc.string()), aggregateId: fc.option(fc.string()), data })
      .map(({ data: fields, ...part }): StoredOutcome => ({ ...outcome, ...part, event: outcome.event === null ? null : { ...outcome.event, data: fields } })),
    fc.constant<StoredOutcome>({ ...outcome, event: null }),
  );
  fc.assert(fc.property(entries, fc.string(), (entry, incarnation) => {
    const decoded = decodeCloudEvent(encodeCloudEvent(entry, incarnation));
    deepStrictEqual(decoded, { incarnation, position: entry.position, entry });
  }), { numRuns: 500 });
});

t.test('what is no published entry is refused', async (t) => {
  t.throws(() => decodeCloudEvent('{'), SyntaxError);
  t.throws(() => decodeCloudEvent('{"specversion":"1.0"}'), TypeError);
  t.throws(() => decodeCloudEvent(encodeCloudEvent(event, 'l').replace('"logposition":"42"', '"logposition":"0"')), /logposition/);
});
