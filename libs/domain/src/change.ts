import type { Clock } from './clock.ts';
import type { Json } from './json.ts';

/** A record as its source knows it. `externalId` is already in the source's one canonical spelling. */
export interface RecordKey {
  /** Source id: which account of which provider. */
  readonly source: string;
  /** The source's name of the record's type, for example `Account`. */
  readonly entity: string;
  readonly externalId: string;
}

/**
 * A leaf of a record: the path in the source's own names, parts joined by `.` (a `.` or `\` inside a part is escaped by `\`), and its
 * value. Objects are always taken apart into their leaves; arrays are leaves. A null at a path that has leaves below it clears them.
 */
export interface FieldWrite {
  readonly path: string;
  readonly value: Json;
}

/** A large text's new value, told as its difference from the one before; `patch` in the source's own form. */
export interface TextDiff {
  readonly path: string;
  readonly patch: string;
}

/** A gap says that a record was created, updated or undeleted, and not how; a deletion without its body is a deletion. */
export type ChangeKind = 'create' | 'update' | 'delete' | 'undelete' | 'gap_create' | 'gap_update' | 'gap_undelete';

/** One change of one record, as the domain decides on it. Mapping (our names for the source's fields) is a matter of views, not of facts. */
export interface Change {
  readonly id: string;
  readonly kind: ChangeKind;
  readonly key: RecordKey;
  readonly clock: Clock;
  /** What the change sets; each path once. Empty for a deletion. */
  readonly fields: readonly FieldWrite[];
  /** Texts of which only the difference came; each path once, none of it in `fields`. */
  readonly diffs?: readonly TextDiff[];
  /** RFC 3339, the source's commit time. */
  readonly occurredAt: string;
}
