import { decodeDomainEvent, encodeDomainEvent, RECORD_SCHEMA_VERSION } from '@clientele/contracts';
import { clockOf, replay, type RecordChanged } from '@clientele/domain';
import t from 'tap';
import { event, metadata, streamId, write } from './contract/units.ts';
import { server, writeDatabase } from './support.ts';

const postgres = await server(t);
const EVENTS = 10_000;
const A_CALL = 500;
const FIELDS = 40;

/** The nth change of a record with forty fields: three of them, one personal. */
function change(n: number): RecordChanged {
  const { clock } = metadata('20250424-x');
  const path = (of: number): string => `Field${(n * 7 + of) % FIELDS}__c`;
  return {
    type: n === 0 ? 'Created' : 'Updated', clock: clockOf({ ...clock, commitTime: clock.commitTime + n }), floor: n === 0, lifecycle: n === 0 ? 'active' : null,
    fields: [{ path: path(0), value: `value ${n}` }, { path: path(1), value: n }, { path: 'Phone', value: `+49 30 ${n}` }], lost: [], changed: [path(0)],
    state: null,
  };
}

t.test('a record of ten thousand events is had from its events', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store();
  const id = streamId();
  for (let version = 0; version < EVENTS; version += A_CALL) {
    const events = Array.from({ length: A_CALL }, (_, n) => {
      const nth = change(version + n);
      const { clock } = metadata('20250424-x');
      return event({ type: nth.type, ...encodeDomainEvent(nth, { personal: ['Phone'] }), metadata: { ...metadata('20250424-x'), clock: { ...clock, commitTime: clock.commitTime + version + n } } });
    });
    await store.append([write(id, version === 0 ? 'none' : version, { events })]);
  }
  const all = replay((await store.readStream(id)).map(decodeDomainEvent));
  t.equal(all.version, EVENTS);
  const measure = async (): Promise<string> => {
    const figures: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const started = performance.now();
      const [record] = (await store.readRecords([id])).values();
      figures.push(performance.now() - started);
      t.strictSame(record, all);
    }
    return `${Math.min(...figures).toFixed(0)} ms at best of ${figures.map((ms) => ms.toFixed(0)).join(', ')}`;
  };
  const forget = async (): Promise<void> => void (await database.owner.query('delete from clientele.snapshots'));
  // Replayed whole: a snapshot is kept by the first reading, so it is taken away again and again.
  const whole: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    await forget();
    const started = performance.now();
    const [record] = (await store.readRecords([id])).values();
    whole.push(performance.now() - started);
    t.strictSame(record, all);
  }
  t.comment(`${EVENTS} events of 1.1 KB: replayed in ${Math.min(...whole).toFixed(0)} ms; by a snapshot ${await measure()}`);
});

t.test('a snapshot and what came after it make the same record', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store();
  const id = streamId();
  const kept = async (): Promise<unknown> => (await database.owner.query('select version, schema_version from clientele.snapshots')).rows;
  const grow = async (from: number, count: number): Promise<void> => {
    const events = Array.from({ length: count }, (_, n) => event({ type: change(from + n).type, ...encodeDomainEvent(change(from + n), { personal: ['Phone'] }) }));
    await store.append([write(id, from === 0 ? 'none' : from, { events })]);
  };
  const same = async (): Promise<void> => {
    t.strictSame((await store.readRecords([id])).get(id), replay((await store.readStream(id)).map(decodeDomainEvent)));
  };
  await grow(0, 499);
  await same();
  t.same(await kept(), [], 'a short stream needs none');
  await grow(499, 1);
  await same();
  t.same(await kept(), [{ version: '500', schema_version: RECORD_SCHEMA_VERSION }]);
  await grow(500, 499);
  await same();
  t.same(await kept(), [{ version: '500', schema_version: RECORD_SCHEMA_VERSION }]);
  await grow(999, 300);
  await same();
  t.same(await kept(), [{ version: '1299', schema_version: RECORD_SCHEMA_VERSION }], 'it moves on');
  await database.owner.query('update clientele.snapshots set schema_version = 0, version = 1');
  await same();
  t.same(await kept(), [{ version: '1299', schema_version: RECORD_SCHEMA_VERSION }], 'one of another form is as none');
});
