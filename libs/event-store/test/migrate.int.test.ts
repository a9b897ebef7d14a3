import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import t from 'tap';
import {
  connectSource, createPlan, dueParked, fenceLane, maintainWriteDatabase, markResubmitted, migrateWriteDatabase, postponeParked, reopenReads, takeReads,
} from '../src/index.ts';
import * as schema from '../src/schema/index.ts';
import { newPlan, streamId, write } from './contract/units.ts';
import { openPool, server, writeDatabase } from './support.ts';

const postgres = await server(t);

t.test('two migrations at once, and one more, end in the same schema', async (t) => {
  const [url, other] = [await postgres.createDatabase(), await postgres.createDatabase()];
  const options = { passwords: { command: 'secret', logReader: 'secret' } };
  await Promise.all([url, url, other, url].map(async (database) => await migrateWriteDatabase(database, options)));
  await migrateWriteDatabase(url, options);
  const pool = openPool(t, { connectionString: url });
  const { rows } = await pool.query<{ position: string; lanes: number }>('select position, lanes from clientele.log_head');
  t.same(rows, [{ position: '0', lanes: 4 }]);
});

t.test('the number of lanes is the log\'s, for good', async (t) => {
  const url = await postgres.createDatabase();
  await migrateWriteDatabase(url, { lanes: 8 });
  await migrateWriteDatabase(url, { lanes: 8 });
  await t.rejects(migrateWriteDatabase(url), { name: 'OtherLanesError', message: /made with 8 lanes, not 4: set LANES=8/ });
});

t.test('a database that another version of the code made is refused', async (t) => {
  const { owner, url } = await writeDatabase(t, postgres);
  await owner.query("insert into clientele.migrations (hash, created_at) values ('of a newer version', 9999999999999)");
  await migrateWriteDatabase(url);
  await owner.query("update clientele.migrations set hash = 'edited' where id = 4");
  await t.rejects(migrateWriteDatabase(url), { name: 'ForeignDatabaseError', message: /^migration 0003 .* npm start -- --fresh$/ });
  await owner.query('delete from clientele.migrations where id = 3');
  await t.rejects(migrateWriteDatabase(url), { name: 'ForeignDatabaseError', message: /^migration 0002 / }, 'one that was passed over');
});

t.test('what Drizzle declares is what is there', async (t) => {
  const { owner } = await writeDatabase(t, postgres);
  for (const table of Object.values(schema).filter((value) => value instanceof PgTable)) {
    const { name, columns } = getTableConfig(table);
    const { rows } = await owner.query<{ column: string }>(
      `select format('%s %s%s', attname, format_type(atttypid, null), case when attnotnull then ' not null' else '' end) as column
         from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`, [`clientele.${name}`],
    );
    const declared = columns.map((column) => `${column.name} ${column.getSQLType()}${column.notNull ? ' not null' : ''}`);
    t.same(rows.map(({ column }) => column), declared, name);
  }
});

t.test('each role may do what it needs and no more', async (t) => {
  const database = await writeDatabase(t, postgres);
  // A copy has no grants of its own until it is migrated again.
  await migrateWriteDatabase(database.url);
  const command = database.pool('clientele_command');
  const reader = database.pool('clientele_log_reader');
  const store = database.store();
  const id = streamId();
  await store.append([write(id, 'none')]);
  await fenceLane(command, 'commands.0', 1);
  await maintainWriteDatabase(command);
  await command.query("insert into clientele.leases (name) values ('relay')");
  await command.query("insert into clientele.lease_members values ('lanes', gen_random_uuid(), now())");
  await command.query('update clientele.relay_state set last_published = 1');
  await command.query('select payload from clientele.ledger');
  for (const table of ['reads', 'plans', 'sources', 'ledger_edits', 'ledger_counts']) await command.query(`select * from clientele.${table}`);
  await dueParked(command, 1);
  await postponeParked(command, [{ commandId: '20250424-x', attempts: 1, nextAttemptAt: null }]);
  await markResubmitted(command, 'x', 'anna');
  await takeReads(command, { source: 'x', limit: 1 });
  await reopenReads(command, 'x');
  await createPlan(command, newPlan());
  await connectSource(command, 'x', 'salesforce');
  for (const view of ['event_log', 'log_head', 'ledger', 'accounting']) {
    await reader.query(`select * from published.${view}`);
    await command.query(`select * from published.${view}`);
  }

  // As a migration of a later version would.
  await database.owner.query("create function clientele.later() returns int language sql as 'select 1'; grant usage on schema clientele to clientele_log_reader");
  const forbidden = async (pool: pg.Pool, statement: string): Promise<void> => {
    await t.rejects(pool.query(statement), { code: /^(42501|55000)$/ }, statement);
  };
  for (const statement of [
    'delete from clientele.events', 'update clientele.events set data = \'{}\'', 'insert into clientele.ledger default values', 'update clientele.heads set version = 1',
    'delete from clientele.ledger', 'update clientele.lane_checkpoints set epoch = 9', 'update clientele.log_head set position = 0', 'truncate clientele.events',
    'drop table clientele.events', 'alter table clientele.events add x int', 'drop function clientele.maintain', 'select clientele.ensure_ledger_partitions(now()::date)',
    'create table clientele.mine (x int)', 'drop view published.event_log', 'create table public.mine (x int)', 'delete from published.event_log',
    'create temporary table mine (x int)', "update clientele.ledger set outcome = 'applied'", 'delete from clientele.ledger_edits', 'delete from clientele.reads',
    'update clientele.reads set attempts = 0', 'delete from clientele.plans', 'update clientele.ledger_counts set rows = 0',
  ]) await forbidden(command, statement);
  for (const statement of [
    'select * from clientele.reads', 'select * from clientele.plans', 'select * from clientele.due_parked(1, 1)',
    'select * from clientele.events', 'select * from clientele.ledger', 'select * from clientele.leases', 'insert into published.log_head values (null, 1)',
    'update published.event_log set type = null', 'delete from published.ledger', 'select clientele.maintain()', 'drop view published.event_log',
    'select clientele.fence_lane(\'commands.0\', 9)', 'create table published.mine (x int)', 'drop schema published cascade', 'create temporary table mine (x int)', 'select clientele.later()',
  ]) await forbidden(reader, statement);

  await database.owner.query("create role clientele_other login password 'secret'");
  const other = new pg.Client({ host: '127.0.0.1', port: database.port, database: new URL(database.url).pathname.slice(1), user: 'clientele_other', password: 'secret' });
  await t.rejects(other.connect(), { code: '42501' }, 'a role of another database on this server does not get in');
});
