import type { Json } from '@clientele/domain';
import type { EntitySpec } from './entities/index.ts';

/** A record as the org holds it. */
export interface OrgRecord {
  readonly spec: EntitySpec;
  readonly id: string;
  /** Leaves that have a value, by the paths of change events. */
  readonly fields: Map<string, Json>;
  deleted: boolean;
  /** Deleted, and no longer in the recycle bin either. */
  purged: boolean;
  /** When it was deleted, milliseconds; null while it is there. */
  deletedAt: number | null;
  /** The record that it was merged into. */
  master: OrgRecord | null;
  /** Commit time of its latest change, milliseconds. Never falls. */
  stampedAt: number;
  /** Whether it changes on its own: not the contact behind a person account, nor a lead that was converted. */
  drawable: boolean;
}

/** When and by whom something is done, and how. */
export interface Moment {
  /** Milliseconds, whole seconds; a record that has a later stamp keeps that. */
  readonly stamp: number;
  readonly user: string;
  /** In the database alone, past the application: `LastModifiedDate` and `LastModifiedById` stay as they are. */
  readonly quiet?: boolean;
}
