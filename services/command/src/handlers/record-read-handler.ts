import type { ChangeMetadata, EventWriteDTO, RecordRead } from '@clientele/contracts';
import { fieldWrites, readMark, type AggregateDefinition, type ClientDomainService, type RecordKey, type RecordReading, type RecordState } from '@clientele/domain';
import type { TakenReading } from '@clientele/event-store';
import type { Validated } from '../validation/validation-middleware.ts';
import { askedReads } from './asked-reads.ts';
import { settle, type CommandHandler, type Handled, type Settlement } from './command-handler.ts';
import { decidingContext, type DecidingContextParts } from './deciding-contexts.ts';
import { clockAhead } from './intake-rules.ts';
import { newEvents } from './new-events.ts';

export interface RecordReadHandlerParts extends DecidingContextParts {
  readonly definitionFor: (provider: string, entity: string) => AggregateDefinition | null;
  readonly domain: Pick<ClientDomainService, 'processRecordRead'>;
  readonly now: () => Date;
}

/** Brings a look at a record before the domain, and writes down what it decides. */
export class RecordReadHandler implements CommandHandler<RecordRead> {
  readonly #parts: RecordReadHandlerParts;

  constructor(parts: RecordReadHandlerParts) {
    this.#parts = parts;
  }

  keyOf(command: RecordRead): RecordKey {
    return { source: command.source, entity: command.entity, externalId: command.external_id };
  }

  /** Whatever comes of it, what was asked for before is answered: one that is parked tells what it knows when it is taken up again. */
  readingOf(command: RecordRead): TakenReading {
    const { from, until } = this.#markOf(command);
    return { ...this.keyOf(command), from: new Date(from).toISOString(), until: new Date(until).toISOString() };
  }

  ruleOn(command: Validated<RecordRead>): Settlement | null {
    if (this.#parts.definitionFor(command.provider, command.entity) === null) return settle('ignored', 'unmapped_entity');
    return clockAhead(command.read.until, 'read.until', this.#parts.now());
  }

  handle(command: Validated<RecordRead>, record: RecordState): Handled {
    const { provider, source, entity } = command;
    const definition = this.#parts.definitionFor(provider, entity);
    if (definition === null) throw new Error(`no mapping for ${provider} ${entity}: the rules let it through`);
    const context = decidingContext(this.#parts, { provider, source, entity, write: null });
    const reading = this.#readingFor(command);
    const { key, mark, occurredAt } = reading;
    const { outcome, events, stateAfter, warnings, reads } = this.#parts.domain.processRecordRead(reading, record, definition, context);
    const cause = {
      command, key, change: metadataOfRead(command), changeEventType: null, clock: mark.order, occurredAt, own: false, definition, warnings,
    };
    const { marginMs } = this.#parts.sources.facts(source);
    return {
      settlement: { outcome, reason: null, errors: [], warnings },
      append: { streamType: definition.type, events: newEvents(events, cause), state: stateAfter },
      reads: askedReads(reads, { key, provider, marginMs, now: this.#parts.now() }),
    };
  }

  #readingFor(command: RecordRead): RecordReading {
    const { entity, survivor_id: survivorId, result, data } = command;
    return {
      id: command.commandId, key: this.keyOf(command), mark: this.#markOf(command), result, fields: fieldWrites(data), occurredAt: command.read.until,
      survivor: survivorId === null ? null : { entity, externalId: survivorId },
    };
  }

  #markOf({ commandId, source, read }: RecordRead) {
    return readMark({ ...read, id: commandId }, this.#parts.sources.facts(source).marginMs);
  }
}

/** How events, and whoever asks after the command, tell of a look: as of a change of a kind of its own. */
function metadataOfRead({ read, cause, correlationId }: RecordRead): ChangeMetadata {
  return {
    kind: 'read', actor: null, origin: null,
    clock: { commit_time: read.until, commit_number: '0', sequence_number: read.number },
    correlation_id: correlationId, causation_id: null, transaction_id: null, source_change_type: `read: ${cause}`,
  };
}

/** The same for a look that left no event. */
export function writeOfRead(command: RecordRead): EventWriteDTO {
  const { commandId: id, provider, source, entity, external_id: externalId, data, read } = command;
  return {
    id, provider, source, entity, aggregate_type: null, external_id: externalId, data, metadata: metadataOfRead(command), occurred_at: read.until,
  };
}
