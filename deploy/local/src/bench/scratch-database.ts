import { migrateWriteDatabase } from '@clientele/event-store';
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Runs work on a write database of its own, on the server of `url` (whose user may create databases), and drops it again. */
export async function withScratchDatabase<T>(url: string, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const name = `clientele_bench_${randomBytes(4).toString('hex')}`;
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await admin.query(`create database ${name}`);
    const scratch = new URL(url);
    scratch.pathname = `/${name}`;
    await migrateWriteDatabase(scratch.href);
    const pool = new pg.Pool({ connectionString: scratch.href, max: 20 });
    // A pool has ended before its connections have: the drop below takes one that is still there.
    pool.on('error', () => {});
    try {
      return await work(pool);
    } finally {
      await pool.end();
    }
  } finally {
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
}
