import { UnavailableError } from '@clientele/contracts';
import { eventually } from '@clientele/testing';
import t from 'tap';
import { beginRebuild, maintainWriteDatabase, notePending, readRelayState, recordPublished } from '../src/index.ts';
import { changeId, ledgerRow, SOURCE, step, streamId, unit, write } from './contract/units.ts';
import { server, writeDatabase, type WriteDatabase } from './support.ts';

const postgres = await server(t);

interface Line {
  readonly source: string | null;
  readonly accepted: number;
  readonly lost: number;
  readonly repeats: number;
  readonly outcomes: Record<string, number>;
  readonly unaccounted: number;
  readonly in_flight: number;
  readonly position: number;
}

/** The accounting as the reader role sees it, the total first. */
async function accounting(database: WriteDatabase): Promise<Line[]> {
  const { rows } = await database.pool('clientele_log_reader').query<Line>(
    `select source, accepted::int, lost::int, repeats::int, outcomes, unaccounted::int, in_flight::int, position::int
       from published.accounting order by source nulls first`,
  );
  return rows;
}

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const idOf = (day: string): string => changeId(day.replaceAll('-', ''));
const known = (outcomes: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(outcomes).filter(([, rows]) => rows !== 0));

t.test('every accepted change has its row, and what is missing shows', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store();
  t.match(await accounting(database), [{ source: null, accepted: 0, lost: 0, repeats: 0, outcomes: {}, unaccounted: 0, in_flight: 0, position: 0 }]);
  await database.fenceLane('commands.0', 1);
  const [first, second, foreign] = [changeId(), changeId(), changeId()];
  const commit = async (fields: Parameters<typeof unit>[0]): Promise<void> => {
    t.match(await store.commit([unit(fields)]), [{ status: 'committed' }]);
  };
  await commit({
    writes: [write(streamId(), 'none')], ledger: [ledgerRow(first), ledgerRow(second, { outcome: 'ignored' }), ledgerRow(foreign, { source: null, outcome: 'quarantined' })],
    lane: step('commands.0', 1, null, { pending: 5, publishers: [{ publisher: 'p', nextNumber: 4, accepted: { [SOURCE]: 2, '': 1 }, lost: 0 }] }),
  });
  const balanced = { accepted: 3, lost: 0, repeats: 0, unaccounted: 0, in_flight: 5, position: 1 };
  t.same(await accounting(database), [
    { ...balanced, source: null, outcomes: { applied: 1, ignored: 1, quarantined: 1 } },
    { ...balanced, source: '', accepted: 1, outcomes: { quarantined: 1 } },
    { ...balanced, source: SOURCE, accepted: 2, outcomes: { applied: 1, ignored: 1 } },
  ]);

  await commit({
    repeats: [{ commandId: first, count: 2 }, { commandId: second, count: 1 }],
    lane: step('commands.0', 1, 1, { publishers: [{ publisher: 'p', nextNumber: 7, accepted: { [SOURCE]: 3 }, lost: 0 }] }),
  });
  t.match((await accounting(database))[0], { accepted: 6, repeats: 3, unaccounted: 0, in_flight: 0 });
  const { rows: repeats } = await database.owner.query('select command_id, repeats from published.ledger where repeats > 0 order by repeats');
  t.same(repeats, [{ command_id: second, repeats: 1 }, { command_id: first, repeats: 2 }]);

  await commit({ lane: step('commands.0', 1, 2, { publishers: [{ publisher: 'p', nextNumber: 9, accepted: {}, lost: 2 }] }) });
  t.match((await accounting(database))[0], { accepted: 8, lost: 2, unaccounted: 2 }, 'an envelope that never came');

  await database.owner.query('delete from clientele.ledger where command_id = $1', [first]);
  t.match((await accounting(database))[0], { accepted: 8, repeats: 3, unaccounted: 3 }, 'a row that somebody deleted, its repeats still counted');
});

t.test('a unit that is refused counts nothing', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store();
  await database.fenceLane('commands.0', 2);
  const id = changeId();
  await store.commit([unit({ ledger: [ledgerRow(id)] })]);
  const before = await accounting(database);
  await store.commit([unit({ ledger: [ledgerRow(changeId())], repeats: [{ commandId: id, count: 1 }], lane: step('commands.0', 1, null, { pending: 9 }) })]);
  t.same(await accounting(database), before);
});

t.test('a repeat of a row that expired is counted, its source unknown', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store();
  await store.commit([unit({ repeats: [{ commandId: changeId(), count: 2 }] })]);
  t.match(await accounting(database), [{ repeats: 2, unaccounted: -2 }, { source: '', repeats: 2 }]);
});

t.test('counters follow a row from one outcome to another', async (t) => {
  const database = await writeDatabase(t, postgres);
  await database.store().commit([unit({ ledger: [ledgerRow(changeId(), { outcome: 'parked', payload: '{"a":1.50}' }), ledgerRow(changeId())] })]);
  await database.owner.query("update clientele.ledger set outcome = 'discarded', payload = null where outcome = 'parked'");
  t.same(known((await accounting(database))[0]?.outcomes ?? {}), { applied: 1, discarded: 1 });
});

t.test('the ledger forgets after 15 days what is not parked, and the counters remember', async (t) => {
  const database = await writeDatabase(t, postgres);
  const pool = database.pool();
  const store = database.store();
  const days = [daysAgo(-20), daysAgo(-8), daysAgo(0), daysAgo(15), daysAgo(16), '1970-01-01'];
  const rows = days.flatMap((day) => [ledgerRow(idOf(day)), ledgerRow(idOf(day), { outcome: 'parked' })]);
  await store.commit([unit({ ledger: rows, writes: [write(streamId(), 'none')] })]);
  const partitions = async (): Promise<string[]> => {
    const found = await database.owner.query<{ name: string }>(
      "select relname as name from pg_class join pg_inherits on inhrelid = pg_class.oid where inhparent = 'clientele.ledger'::regclass order by 1",
    );
    return found.rows.map(({ name }) => name);
  };
  const left = async (): Promise<string[]> => {
    const found = await database.owner.query<{ day: string; outcome: string }>('select day::text, outcome from published.ledger order by day, outcome');
    return found.rows.map(({ day, outcome }) => `${day} ${outcome}`);
  };
  const all = days.flatMap((day) => [`${day} applied`, `${day} parked`]).sort();
  t.equal((await partitions()).length, 25, 'days -15 to +8, and the default');
  t.same(await left(), all);
  const before = await accounting(database);

  // Twelve days on: the days of the far future get their partitions, and their rows with them.
  await maintainWriteDatabase(pool, { today: daysAgo(-12) });
  t.ok((await partitions()).includes(`ledger_${daysAgo(-20).replaceAll('-', '')}`));
  t.same(await left(), all.filter((line) => !(line.startsWith(daysAgo(15)) && line.endsWith('applied'))), 'the day 15 days ago is over');

  // Sixteen days on: what was decided now is old.
  await maintainWriteDatabase(pool, { today: daysAgo(-16) });
  const kept = all.filter((line) => line.endsWith('parked') || line.startsWith(daysAgo(-20)) || line.startsWith(daysAgo(-8)));
  t.same(await left(), kept);
  t.same((await store.load({ keys: [], commandIds: rows.map(({ commandId }) => commandId) })).known.size, kept.length, 'what is left is found');
  t.same(await accounting(database), before, 'expiry does not show');
  const { rows: [results] } = await database.owner.query<{ count: number }>('select count(*)::int from clientele.append_results');
  t.equal(results?.count, 0, 'append results are over too');
  await store.commit([unit({ ledger: [ledgerRow(idOf(daysAgo(0)))] })]);
  t.match((await accounting(database))[0], { outcomes: { applied: 7 } }, 'a day without a partition is taken all the same');
});

t.test('what falls due goes in small transactions, however much it is, and nothing of it waits for the rest', async (t) => {
  const database = await writeDatabase(t, postgres);
  const { owner } = database;
  const pool = database.pool();
  const due = `now() - interval '17 days'`;
  await owner.query(`
    insert into clientele.append_results (command_id, stream_id, first_position, last_position, version, recorded_at)
    select prefix || n, gen_random_uuid(), n, n, 1, at
      from (values ('${daysAgo(17).replaceAll('-', '')}-', 12001, ${due}), ('f0-', 6000, ${due}), ('20190101-', 6000, ${due}), ('20200101-', 7000, now()),
                   ('f1-', 7000, now())) as kinds (prefix, count, at), generate_series(1, count) n`);
  await owner.query(`
    insert into clientele.ledger_default (command_id, day, command_type, provider, outcome, errors, received_at, decided_at)
    select '19700101-' || n, '1970-01-01', 'x', 'p', case when n <= 3 then 'parked' else 'quarantined' end, '[]', ${due}, ${due} from generate_series(1, 12000) n`);
  await owner.query(`
    create table public.deletions (of text, rows bigint);
    create function public.note() returns trigger language plpgsql security definer as
      $$ begin insert into public.deletions select tg_table_name, count(*) from gone; return null; end $$;
    create trigger note after delete on clientele.append_results referencing old table as gone for each statement execute function public.note();
    create trigger note after delete on clientele.ledger_default referencing old table as gone for each statement execute function public.note()`);

  // A reader of the default partition, whom the partitions of the days to come would have to wait for.
  const reader = await owner.connect();
  await reader.query('begin');
  await reader.query('select from clientele.ledger_default limit 1');
  await t.rejects(maintainWriteDatabase(pool, { today: daysAgo(-1) }), UnavailableError);
  await reader.query('rollback');
  reader.release();

  const left = async (table: string): Promise<number> => (await owner.query(`select from clientele.${table}`)).rowCount ?? NaN;
  t.equal(await left('append_results'), 14_000, 'what was recorded lately stays, however old its id');
  t.equal(await left('ledger'), 3, 'and so does parked work');
  const { rows } = await owner.query<{ of: string; most: number; total: number }>(
    'select of, max(rows)::int as most, sum(rows)::int as total from public.deletions where rows > 0 group by 1 order by 1',
  );
  t.match(rows, [{ of: 'append_results', total: 24_001 }, { of: 'ledger_default', total: 11_997 }]);
  for (const { of, most } of rows) t.ok(most <= 5000, `${of}: at most ${most} rows a statement`);
  await maintainWriteDatabase(pool, { today: daysAgo(-1) });
});

t.test('a lane forgets publishers that it has not heard of for 30 days, but for its latest 100', async (t) => {
  const database = await writeDatabase(t, postgres);
  await database.fenceLane('commands.0', 1);
  await database.owner.query(`
    insert into clientele.lane_publishers (lane, publisher, next_number, moved_at)
    select lane, 'p' || n, 2, now() - n * interval '1 hour' from (values ('commands.0', 6000), ('commands.1', 100)) as lanes (lane, count), generate_series(1, count) n;
    update clientele.lane_publishers set moved_at = moved_at - interval '60 days' where lane = 'commands.1'`);
  await maintainWriteDatabase(database.pool());
  const { rows } = await database.owner.query<{ lane: string; publishers: number }>(
    `select lane, count(*)::int as publishers, bool_and(moved_at > now() - interval '32 days') as young from clientele.lane_publishers group by 1 order by 1`,
  );
  t.match(rows, [{ lane: 'commands.0', young: true }, { lane: 'commands.1', publishers: 100 }]);
  t.ok((rows[0]?.publishers ?? 0) >= 719, 'those of the last 30 days stay');
});

t.test('a lane that does not move shows what lies behind it', async (t) => {
  const database = await writeDatabase(t, postgres);
  const { owner } = database;
  const pool = database.pool();
  for (const lane of ['commands.0', 'commands.1', 'commands.2']) await database.fenceLane(lane, 1);
  await owner.query("update clientele.lane_checkpoints set moved_at = now() - interval '1 minute' where lane <> 'commands.1'");
  const committing = await owner.connect();
  await committing.query('begin');
  await committing.query("update clientele.lane_checkpoints set pending = 7 where lane = 'commands.2'");
  await notePending(pool, new Map([['commands.0', 5], ['commands.1', 50], ['commands.2', 500], ['commands.3', 5000]]));
  await committing.query('commit');
  committing.release();
  t.equal((await accounting(database))[0]?.in_flight, 12, 'what commits, or did so lately, knows better and is not waited for');
  await notePending(pool, new Map([['commands.0', 0], ['commands.2', 0]]));
  t.equal((await accounting(database))[0]?.in_flight, 0);
});

t.test('maintenance by several at once, and beside appends', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store({ lockTimeoutMs: 30_000 });
  const pool = database.pool();
  const stop = new AbortController();
  const appends = (async () => {
    for (let count = 0; ; count += 1) {
      if (stop.signal.aborted) return count;
      await store.commit([unit({ writes: [write(streamId(), 'none')], ledger: [ledgerRow(idOf(daysAgo(0)))] })]);
    }
  })();
  for (let round = 0; round < 3; round += 1) {
    await eventually('maintenance', async () => {
      await Promise.all(Array.from({ length: 4 }, () => maintainWriteDatabase(pool)));
      return true;
    });
  }
  stop.abort();
  const count = await appends;
  t.match(await accounting(database), [{ outcomes: { applied: count } }, { source: SOURCE }]);
});

t.test('what the relay keeps belongs to its latest leader', async (t) => {
  const database = await writeDatabase(t, postgres);
  const pool = database.pool();
  t.same(await readRelayState(pool), { rebuildEpoch: 0, lastPublished: 0 });
  t.same(await recordPublished(pool, 1, 10), { rebuildEpoch: 0, lastPublished: 10 });
  t.same(await beginRebuild(pool, 2), { rebuildEpoch: 1, lastPublished: 0 });
  t.equal(await recordPublished(pool, 1, 11), null, 'an earlier leader is fenced off');
  t.equal(await beginRebuild(pool, 1), null);
  t.same(await readRelayState(pool), { rebuildEpoch: 1, lastPublished: 0 });
});

t.test('days get their partitions while their rows come in', async (t) => {
  const database = await writeDatabase(t, postgres);
  const [store, pool] = [database.store({ limits: { maxUnits: 1 } }), database.pool()];
  const days = Array.from({ length: 24 }, (_, n) => daysAgo(-200 - n).replaceAll('-', ''));
  let [stored, writing] = [0, true];
  const writers = Promise.all(Array.from({ length: 8 }, async () => {
    while (writing) {
      const count = await store.commit([unit({ ledger: days.map((day) => ledgerRow(changeId(day))) })]).then(() => days.length, (error: unknown) => {
        if (error instanceof UnavailableError) return 0;
        throw error;
      });
      stored += count;
    }
  }));
  await eventually('rows in the default partition', () => stored, { until: (rows) => rows > 500 });
  await maintained(daysAgo(-215));
  const before = stored;
  await eventually('rows go on coming', () => stored, { until: (rows) => rows > before + 500 });
  writing = false;
  await writers;
  const { rows } = await database.owner.query<object>(
    `select count(*)::int as rows, count(*) filter (where tableoid = 'clientele.ledger_default'::regclass)::int as in_default from clientele.ledger`,
  );
  t.same(rows, [{ rows: stored, in_default: 0 }]);

  /** On a busy machine it may have to wait for a lock longer than it does. */
  async function maintained(today: string): Promise<void> {
    await pool.query('select clientele.maintain($1)', [today]).catch(async (error: unknown) => {
      if (!/lock timeout/.test(String(error))) throw error;
      await maintained(today);
    });
  }
});
