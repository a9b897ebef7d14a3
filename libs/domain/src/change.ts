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

export type ChangeKind = 'create' | 'update' | 'delete' | 'undelete';

/** One change of one record, as the domain decides on it. Mapping (our names for the source's fields) is a matter of views, not of facts. */
export interface Change {
  readonly id: string;
  readonly kind: ChangeKind;
  readonly key: RecordKey;
  readonly clock: Clock;
  /** What the change sets; each path once. Empty for a deletion. */
  readonly fields: readonly FieldWrite[];
  /** RFC 3339, the source's commit time. */
  readonly occurredAt: string;
}
