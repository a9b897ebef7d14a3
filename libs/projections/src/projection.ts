import type { LogEntry } from '@clientele/contracts';
import type { ClientBase } from 'pg';

/**
 * A view of the event log: rows by key, each the fold of the entries that concern it. `View` is one row as the projection wants it in
 * memory. The manager calls `load`, `save` and `clear` inside its transaction, which also moves the checkpoint, so a view holds each
 * entry exactly once.
 */
export interface Projection<View> {
  readonly name: string;
  /** From 1. Another version is another view, with tables and a checkpoint of its own. */
  readonly version: number;
  /** The row that an entry concerns; null: none. */
  keyOf(entry: LogEntry): string | null;
  /** The rows of these keys that exist, in one statement. */
  load(db: ClientBase, keys: readonly string[]): Promise<ReadonlyMap<string, View>>;
  /** The row after an entry, the same object where nothing of it changed; null: there is (still) none. Pure. Whatever it throws is taken for the entry's fault, and parks the row. */
  apply(view: View | null, entry: LogEntry): View | null;
  /** Writes rows that changed, whole, in one statement. */
  save(db: ClientBase, views: readonly View[]): Promise<void>;
  /** Empties the view, to be built anew. */
  clear(db: ClientBase): Promise<void>;
}
