import type { EntityMapping, EventWriteDTO, Finding } from '@clientele/contracts';
import type { Change, Clock, FieldWrite } from '@clientele/domain';
import type { Environment, ReadableSource, RecordSource, RecordSourceOptions } from './records/record-source.ts';

/** What the configuration says of one provider. */
export interface ProviderConfig {
  /** The provider's entities that are mapped, by its own name of them. */
  readonly entities: Readonly<Record<string, EntityMapping>>;
}

/** A body that was understood, before it is known whose it is. A provider adds what its mapper needs. */
export interface CrmEnvelope {
  readonly sender: {
    /** The envelope's own words for where it comes from; what `match` of a configured source is compared with. */
    readonly name: string;
    /** The provider's id of the account (Salesforce: the org, 18 characters), or null where the envelope names none. */
    readonly account: string | null;
  };
  /** The CRM's own transaction or correlation id. */
  readonly transactionId: string | null;
}

export interface EventWriteContext {
  /** The source that the envelope belongs to. */
  readonly source: string;
  readonly correlationId: string;
}

/** One change of one record as taken in, and its text byte for byte as it arrived. */
export interface TakenChange {
  readonly write: EventWriteDTO;
  readonly rawEvent: string;
}

export interface Translated {
  readonly kind: 'change';
  readonly change: Change;
  /** What was sent beside the change (enrichment): may be of another time, so never state. */
  readonly hints: readonly FieldWrite[];
  readonly warnings: readonly Finding[];
}

/** Records of an entity changed, and the source does not say which: what is known of all of them is in doubt as of the clock. */
export interface EntityGap {
  readonly kind: 'entity_gap';
  readonly source: string;
  readonly entity: string;
  readonly clock: Clock;
  /** Whether what changed was stamped, so that it is found by the time of its change; else all records of the entity are to be read. */
  readonly stamped: boolean;
  /** What it was, for whoever looks at it. */
  readonly detail: string;
}

/** Nothing that this code knows how to decide. */
export interface Unsupported {
  readonly kind: 'unsupported';
  readonly reason: 'unknown_change_type';
  /** What it is, for whoever looks at the parked change. */
  readonly detail: string;
}

export type Translation = Translated | EntityGap | Unsupported;

/** By what a source's changes are known to be our own integration's. */
export interface OwnChanges {
  /** The name by which it calls itself to the provider. */
  readonly client?: string;
  /** The provider's id of its user. */
  readonly user?: string;
}

/**
 * All that is particular to one CRM. Ingest uses `parse` and `toEventWrites`; the command service the rest.
 * Instances hold no state.
 */
export interface CrmProvider<Envelope extends CrmEnvelope = CrmEnvelope> {
  readonly name: string;
  /**
   * Reads the raw bytes of a request.
   * @throws ValidationError naming every field that is not as it must be.
   */
  parse(body: Uint8Array): Envelope;
  /** One write for each record that the envelope changes, at least one, ids all different; the same for every repetition of the change. */
  toEventWrites(envelope: Envelope, context: EventWriteContext): readonly TakenChange[];
  /**
   * A write, as it came off a lane, as the domain decides on it.
   * @throws ValidationError where the write cannot be of this provider (a change without a record, an unknown path).
   */
  translate(write: EventWriteDTO): Translation;
  /** The path at which changes of the entity tell a field. What a mapping says under any other name of it would never apply. */
  changePath(entity: string, field: string): string;
  /** Whether our own integration made the change. */
  isOwnChange(write: EventWriteDTO, own: OwnChanges): boolean;
  /**
   * A text after a patch that a change brought for it (`Change.diffs`), proved right by what the patch says of it; null where the patch
   * does not fit the base. Never throws.
   */
  applyTextDiff(base: string, patch: string): string | null;
  /**
   * The records of one source; null where it has no credentials, so that nothing of it can be read. Loads the HTTP client, which nobody
   * else needs. Asks the provider nothing yet.
   * @throws ValidationError naming the variables that are missing or unfit, never a value.
   */
  records(source: ReadableSource, env: Environment, options?: RecordSourceOptions): Promise<RecordSource | null>;
}
