import type { ClientBase } from 'pg';

export interface ReadDatabasePasswords {
  /** When given, the role may log in with it. */
  readonly projector?: string | undefined;
  readonly query?: string | undefined;
}

const ROLES = { projector: 'clientele_projector', query: 'clientele_query' } as const;

const GRANTS = `
  grant usage on schema clientele, published to clientele_projector;
  grant select, insert, update, delete, truncate on all tables in schema clientele to clientele_projector;
  revoke insert, update, delete, truncate on clientele.projections from clientele_projector;
  grant select on all tables in schema published to clientele_projector;
  grant execute on function clientele.maintain_changes(integer, date, integer), clientele.serve_records_2() to clientele_projector;
  grant usage on schema published to clientele_query;
  grant select on all tables in schema published to clientele_query;`;

/**
 * Makes the two roles and gives them what they need. Roles belong to the whole server, so this runs with every migration: a database
 * that was restored on another server gets its roles too.
 */
export async function grantRoles(client: ClientBase, passwords: ReadDatabasePasswords): Promise<void> {
  for (const role of Object.values(ROLES)) await whileOthersWrite(() => client.query(createRole(role)));
  await client.query(GRANTS);
  const { rows } = await client.query<{ database: string }>('select quote_ident(current_database()) as database');
  for (const { database } of rows) {
    await client.query(`revoke connect, temporary on database ${database} from public; grant connect on database ${database} to ${Object.values(ROLES).join(', ')}`);
  }
  for (const key of ['projector', 'query'] as const) {
    const password = passwords[key];
    if (password !== undefined) await whileOthersWrite(() => client.query(`alter role ${ROLES[key]} login password ${client.escapeLiteral(password)}`));
  }
}

function createRole(role: string): string {
  return `do $$ begin
    if not exists (select from pg_roles where rolname = '${role}') then create role ${role} nologin; end if;
  exception when duplicate_object or unique_violation then null;
  end $$`;
}

const CONCURRENT_UPDATE = 'XX000';

/** Roles are shared by all databases of the server, so that a migration of another one may write the same row at the same moment. */
async function whileOthersWrite(statement: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await statement();
      return;
    } catch (error) {
      const concurrent = error instanceof Error && 'code' in error && error.code === CONCURRENT_UPDATE;
      if (!concurrent || attempt === 5) throw error;
    }
  }
}
