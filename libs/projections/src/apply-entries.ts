import type { LogEntry } from '@clientele/contracts';
import type { ClientBase } from 'pg';
import { entryError, isOfTheEntry, reasonOf } from './errors.ts';
import type { ParkedRow } from './parked-rows.ts';
import type { Projection } from './projection.ts';

/** An entry with the row that it concerns. */
export interface KeyedEntry {
  readonly key: string;
  readonly entry: LogEntry;
}

/**
 * Applies entries to a view: rows are loaded once and saved once, where any of the entries changed them.
 * @throws EntryError and the like (see `isOfTheEntry`) when one of them cannot be applied; the transaction is then of no more use.
 */
export async function applyTogether<View>(projection: Projection<View>, db: ClientBase, entries: readonly KeyedEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const loaded = await projection.load(db, [...new Set(entries.map(({ key }) => key))]);
  const changed = new Map<string, View>();
  for (const { key, entry } of entries) {
    const before = changed.get(key) ?? loaded.get(key) ?? null;
    const view = applied(projection, before, entry);
    if (view === null) changed.delete(key);
    else if (view !== before) changed.set(key, view);
  }
  if (changed.size > 0) await projection.save(db, [...changed.values()]);
}

/** Applies entries one by one, each in a savepoint; the row of an entry that cannot be applied is parked, and so misses the later ones. */
export async function applySingly<View>(projection: Projection<View>, db: ClientBase, entries: readonly KeyedEntry[]): Promise<{ parked: ParkedRow[]; waiting: KeyedEntry[] }> {
  const parked = new Map<string, ParkedRow>();
  const waiting: KeyedEntry[] = [];
  for (const keyed of entries) {
    if (parked.has(keyed.key)) {
      waiting.push(keyed);
      continue;
    }
    await db.query('savepoint entry');
    try {
      await applyTogether(projection, db, [keyed]);
      await db.query('release savepoint entry');
    } catch (error) {
      if (!isOfTheEntry(error)) throw error;
      await db.query('rollback to savepoint entry');
      parked.set(keyed.key, { key: keyed.key, position: keyed.entry.position, reason: reasonOf(error) });
    }
  }
  return { parked: [...parked.values()], waiting };
}

function applied<View>(projection: Projection<View>, view: View | null, entry: LogEntry): View | null {
  try {
    return projection.apply(view, entry);
  } catch (error) {
    throw entryError(error);
  }
}
