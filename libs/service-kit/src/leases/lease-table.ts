import type { Pool, PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { LeaseView } from './lease-plan.ts';

/** Runs inside the transaction that takes a lease; throws to leave it. */
export type Fence = (client: PoolClient, name: string, epoch: number) => Promise<void>;

/** Leases and members of one group, in tables `leases` and `lease_members` of schema `clientele`. All times are the database's. */
export class LeaseTable {
  readonly #pool: Pool;
  readonly #group: string;
  readonly #names: readonly string[];
  readonly #member: string;
  readonly #ttlMs: number;

  constructor(pool: Pool, options: { group: string; names: readonly string[]; member: string; ttlMs: number }) {
    this.#pool = pool;
    this.#group = options.group;
    this.#names = options.names;
    this.#member = options.member;
    this.#ttlMs = options.ttlMs;
  }

  /** Makes the rows, so that taking a lease is always an update. */
  async prepare(): Promise<void> {
    await this.#query('insert into clientele.leases (name) select unnest($1::text[]) on conflict do nothing', [this.#names]);
  }

  /** Says that this member lives, and forgets those that have not said so for ten times the time to live. */
  async announce(): Promise<void> {
    await this.#query(
      `with gone as (
         delete from clientele.lease_members
         where pool = $1 and member <> $2 and expires_at < clock_timestamp() - 10 * ($3 * interval '1 ms'))
       insert into clientele.lease_members (pool, member, expires_at) values ($1, $2, clock_timestamp() + $3 * interval '1 ms')
       on conflict (pool, member) do update set expires_at = excluded.expires_at`,
      [this.#group, this.#member, this.#ttlMs],
    );
  }

  /** @returns the names that are still this member's under the given epochs; the others are lost. */
  async renew(held: readonly { name: string; epoch: number }[]): Promise<Set<string>> {
    if (held.length === 0) return new Set();
    const { rows } = await this.#query<{ name: string }>(
      `update clientele.leases as l set expires_at = clock_timestamp() + $4 * interval '1 ms'
       from unnest($1::text[], $2::bigint[]) as held (name, epoch)
       where l.name = held.name and l.epoch = held.epoch and l.owner = $3
       returning l.name`,
      [held.map(({ name }) => name), held.map(({ epoch }) => epoch), this.#member, this.#ttlMs],
    );
    return new Set(rows.map(({ name }) => name));
  }

  async view(): Promise<{ members: string[]; leases: LeaseView[] }> {
    const [{ rows: members }, { rows: leases }] = await Promise.all([
      this.#query<{ member: string }>('select member from clientele.lease_members where pool = $1 and expires_at > clock_timestamp()', [
        this.#group,
      ]),
      this.#query<{ name: string; owner: string | null; abandoned: boolean }>(
        `select name, case when expires_at > clock_timestamp() then owner end as owner,
                isfinite(expires_at) and expires_at < clock_timestamp() - $2 * interval '1 ms' as abandoned
         from clientele.leases where name = any($1) order by name`,
        [this.#names, this.#ttlMs],
      ),
    ]);
    return { members: members.map(({ member }) => member), leases };
  }

  /** @returns the new epoch, or null when another member was first. */
  async acquire(name: string, fence: Fence): Promise<number | null> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const { rows } = await client.query<{ epoch: string }>(
        `update clientele.leases set owner = $2, epoch = epoch + 1, expires_at = clock_timestamp() + $3 * interval '1 ms'
         where name = $1 and expires_at <= clock_timestamp() returning epoch`,
        [name, this.#member, this.#ttlMs],
      );
      const epoch = rows[0] === undefined ? null : Number(rows[0].epoch);
      if (epoch !== null) await fence(client, name, epoch);
      await client.query('commit');
      return epoch;
    } catch (error) {
      await client.query('rollback').catch((cause: Error) => {
        broken = cause;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async release(name: string, epoch: number): Promise<void> {
    await this.#query(
      'update clientele.leases set owner = null, expires_at = clock_timestamp() where name = $1 and epoch = $2 and owner = $3',
      [name, epoch, this.#member],
    );
  }

  async leave(): Promise<void> {
    await this.#query('delete from clientele.lease_members where pool = $1 and member = $2', [this.#group, this.#member]);
  }

  /** No statement here may outlast a third of the time to live: an answer that comes later is of no use. */
  async #query<R extends QueryResultRow>(text: string, values: unknown[]): Promise<QueryResult<R>> {
    const query: QueryConfig & { query_timeout: number } = { text, values, query_timeout: this.#ttlMs / 3 };
    return await this.#pool.query<R>(query);
  }
}
