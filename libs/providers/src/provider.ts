import type { EntityMapping, EventWriteDTO, Finding } from '@clientele/contracts';
import type { Change, FieldWrite } from '@clientele/domain';

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

/** Understood, but nothing that can be decided yet. */
export interface Unsupported {
  readonly kind: 'unsupported';
  readonly reason: 'unsupported_change';
  /** What it is, for whoever looks at the parked change. */
  readonly detail: string;
}

export type Translation = Translated | Unsupported;

/**
 * All that is particular to one CRM. Ingest uses `parse` and `toEventWrites`; the command service `translate`, and later the reads.
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
}
