import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { startPostgres } from '@clientele/testing';
import { getTableConfig, getViewConfig, PgTable, PgView, type PgColumn } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import * as schema from '../src/schema/index.ts';
import { migrateReadDatabase, searchQuery, searchTerms } from '../src/index.ts';

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

const server = await startPostgres();
t.teardown(() => server.stop());

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

function as(url: string, user: string, password: string): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
}

const url = await server.createDatabase();
await migrateReadDatabase(url, { passwords: { projector: "p'1", query: 'q1' } });
const owner = await connected(url);
t.teardown(() => owner.end());

t.test('migrating again, or by many at once on several databases, changes nothing and fails nowhere', async (t) => {
  await migrateReadDatabase(url);
  const others = await Promise.all([server.createDatabase(), server.createDatabase()]);
  await Promise.all([...others, ...others, ...others].map((other) => migrateReadDatabase(other, { passwords: { projector: "p'1", query: 'q1' } })));
  for (const other of others) {
    const client = await connected(other);
    const { rows } = await client.query('select name, active_version from clientele.projections order by name');
    t.same(rows, [{ name: 'changes', active_version: 1 }, { name: 'records', active_version: 2 }]);
    await client.end();
  }
});

t.test('a database that another version of the code made is refused', async (t) => {
  const other = await server.createDatabase();
  await migrateReadDatabase(other);
  const client = await connected(other);
  await client.query("update migrations.read_model set hash = 'edited' where id = 2");
  await client.end();
  await t.rejects(migrateReadDatabase(other), { name: 'ForeignDatabaseError', message: /^migration 0001 .* npm start -- --fresh$/ });
});

t.test('a database of the version before serves its records until the new ones have come as far, and then the new ones', async (t) => {
  const before = mkdtempSync(join(tmpdir(), 'read-model-'));
  cpSync(MIGRATIONS, before, { recursive: true });
  const journal = join(before, 'meta', '_journal.json');
  const { entries, ...rest } = JSON.parse(readFileSync(journal, 'utf8')) as { entries: { idx: number }[] };
  writeFileSync(journal, JSON.stringify({ ...rest, entries: entries.filter(({ idx }) => idx < 2) }));
  const old = await server.createDatabase();
  await migrateReadDatabase(old, { migrationsFolder: before }).catch((error: unknown) => {
    if (!/serve_records_2/.test(String(error))) throw error; // its roles are granted by this code
  });
  const client = await connected(old);
  t.teardown(() => client.end());
  const id = '0197a1b2-0000-7000-8000-000000000001';
  const insert = async (table: string, status: string) => await client.query(
    `insert into clientele.${table} (id, type, provider, source, entity, external_id, version, lifecycle, complete, status, fields, external_references, state, search, created_at, updated_at, position)
     values ($1, 'client', 'p', 's', 'e', 'x', 1, 'active', true, $2, '{}', '[]', '{}', '', now(), now(), 1)`, [id, status]);
  const checkpoint = async (version: number, position: number, incarnation = 'log-1') => await client.query(
    `insert into clientele.projection_checkpoints (name, version, incarnation, position) values ('records', $1, $3, $2)
     on conflict (name, version) do update set position = excluded.position, incarnation = excluded.incarnation`, [version, position, incarnation]);
  const serve = async () => (await client.query<{ served: boolean }>('select clientele.serve_records_2() as served')).rows[0]?.served;
  const seen = async () => (await client.query('select r.status, r.survivor_entity, c.position from published.records r, published.checkpoints c where c.name = $1', ['records'])).rows;

  await insert('records_1', 'of the version before');
  await checkpoint(1, 10);
  await migrateReadDatabase(old);
  t.same(await seen(), [{ status: 'of the version before', survivor_entity: null, position: '10' }]);
  t.equal(await serve(), false, 'nothing is built');
  await insert('records_2', 'of this version');
  await checkpoint(2, 9);
  t.equal(await serve(), false, 'not as far');
  t.match(await seen(), [{ status: 'of the version before' }]);
  const reading = await connected(old);
  await reading.query('begin; select 1 from published.records');
  await checkpoint(2, 10);
  await t.rejects(serve(), /lock timeout/, 'who reads is not driven out');
  await reading.end();
  t.equal(await serve(), true);
  t.same(await seen(), [{ status: 'of this version', survivor_entity: null, position: '10' }]);
  t.equal(await serve(), true, 'and stays so');
  t.same((await client.query("select to_regclass('clientele.records_1') as there")).rows, [{ there: null }]);
  t.same((await client.query("select version from clientele.projection_checkpoints where name = 'records'")).rows, [{ version: 2 }]);
});

t.test('the declared tables and views have the columns of the database, no more and no fewer', async (t) => {
  for (const declared of Object.values(schema)) {
    const config = declared instanceof PgTable ? getTableConfig(declared) : declared instanceof PgView ? viewOf(declared) : null;
    if (config === null) continue;
    const { rows } = await owner.query<{ name: string; nullable: boolean; type: string }>(
      `select column_name as name, is_nullable = 'YES' as nullable, data_type as type from information_schema.columns where table_schema = $1 and table_name = $2`,
      [config.schema, config.name],
    );
    t.same(rows.map(({ name }) => name).sort(), config.columns.map(({ name }) => name).sort(), `${config.schema}.${config.name}`);
    if (declared instanceof PgTable) {
      const required = (columns: readonly { name: string; required: boolean }[]) => columns.filter((column) => column.required).map(({ name }) => name).sort();
      t.same(
        required(rows.map(({ name, nullable }) => ({ name, required: !nullable }))),
        required(config.columns.map((column) => ({ name: column.name, required: column.notNull }))),
        `not null in ${config.name}`,
      );
    }
  }

  function viewOf(view: PgView) {
    const { schema: of, name, selectedFields } = getViewConfig(view);
    return { schema: of, name, columns: Object.values(selectedFields).map((column) => ({ name: (column as PgColumn).name, notNull: false })) };
  }
});

t.test('the query role reads the published views and nothing else; the projector role writes the views but not which is served', async (t) => {
  const query = await connected(as(url, 'clientele_query', 'q1'));
  for (const view of ['records', 'changes', 'checkpoints']) await query.query(`select * from published.${view}`);
  for (const statement of ['select 1 from clientele.records_2', 'delete from published.records', 'create table published.x ()', 'create table public.x ()', 'create temporary table x ()']) {
    await t.rejects(query.query(statement), { code: '42501' }, statement);
  }
  await query.end();

  const projector = await connected(as(url, 'clientele_projector', "p'1"));
  await projector.query(`select clientele.maintain_changes(1, '2025-06-06', 30)`);
  await projector.query('truncate clientele.records_2');
  await projector.query('truncate clientele.changes_1');
  for (const statement of [`update clientele.projections set active_version = 3`, 'drop table clientele.records_2', 'create table clientele.x ()']) {
    await t.rejects(projector.query(statement), { code: '42501' }, statement);
  }
  await projector.end();
});

t.test('daily partitions are made around today, take in what stood in the default, and leave only what is parked', async (t) => {
  const insert = (day: string, id: string, status: string) =>
    owner.query(
      `insert into clientele.changes_1 (day, id, provider, source, entity, data, metadata, occurred_at, status, errors, warnings, received_at, position, recorded_at)
       values ($1, $2, 'p', 's', 'e', '{}', '{}', now(), $3, '[]', '[]', now(), 1, now())`,
      [day, id, status],
    );
  const where = async () => {
    const { rows } = await owner.query<{ id: string; leaf: string }>('select id, tableoid::regclass::text as leaf from clientele.changes_1 order by id');
    return Object.fromEntries(rows.map(({ id, leaf }) => [id, leaf]));
  };
  await owner.query(`truncate clientele.changes_1`);
  await insert('2025-07-01', 'a', 'processed');
  await insert('2025-07-01', 'b', 'parked');
  await insert('1970-01-01', 'c', 'processed');
  t.match(await where(), { a: 'clientele.changes_1_default', b: 'clientele.changes_1_default' });

  for (let time = 0; time < 2; time += 1) await owner.query(`select clientele.maintain_changes(1, '2025-07-01', 30)`);
  t.match(await where(), { a: 'clientele.changes_1_20250701', b: 'clientele.changes_1_20250701', c: 'clientele.changes_1_default' });

  await owner.query(`select clientele.maintain_changes(1, '2025-07-31', 30)`);
  t.match(await where(), { a: 'clientele.changes_1_20250701' }, 'kept for the whole of the retention');
  await owner.query(`select clientele.maintain_changes(1, '2025-08-01', 30)`);
  t.same(await where(), { b: 'clientele.changes_1_default', c: 'clientele.changes_1_default' });
});

t.test('a record is found by the beginnings of its words', async (t) => {
  const { rows } = await owner.query<{ found: boolean[] }>(
    `select array(select array_to_tsvector(string_to_array($1, ' ')) @@ q::tsquery from unnest($2::text[]) q) as found`,
    [searchTerms(['Müller & Söhne', 'jane@acme.com']).join(' '), ['MULL', 'acme jane', 'ohne', 'söhne com'].map(searchQuery)],
  );
  t.same(rows[0]?.found, [true, true, false, true]);
});
