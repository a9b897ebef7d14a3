import type { onRequestHookHandler } from 'fastify';
import type { ChangeReader } from './changes/change-reader.ts';
import type { Database } from './database/database.ts';
import type { KnownTypes } from './records/known-types.ts';
import type { RecordReader } from './records/record-reader.ts';
import type { ViewPositions } from './views/view-positions.ts';
import type { Waits } from './views/waits.ts';

/** What the routes are made of. */
export interface QueryParts {
  readonly database: Database;
  /** The published views of the write database. */
  readonly eventLog: Database;
  readonly types: KnownTypes;
  readonly records: RecordReader;
  readonly changes: ChangeReader;
  readonly views: ViewPositions;
  readonly waits: Waits;
  /** Lets the holders of a query or admin key pass. */
  readonly onRequest: onRequestHookHandler;
}
