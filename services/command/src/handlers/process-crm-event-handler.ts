import type { ProcessCrmEvent } from '@clientele/contracts';
import type { AggregateDefinition, ClientDomainService, RecordKey, RecordState } from '@clientele/domain';
import type { NewPlan } from '@clientele/event-store';
import type { EntityGap, Translated } from '@clientele/providers';
import type { Validated } from '../validation/validation-middleware.ts';
import { askedReads } from './asked-reads.ts';
import type { ChangeTranslator } from './change-translator.ts';
import { settle, type CommandHandler, type Handled, type Settlement } from './command-handler.ts';
import { decidingContext, type DecidingContextParts } from './deciding-contexts.ts';
import { firstRuling, type IntakeRule } from './intake-rules.ts';
import { newEvents } from './new-events.ts';

/** Of a change that named no record: the reads that it asks for take its place, and no event is its own. */
const REPAIR_PLANNED = 'repair_planned';

/** The plan by which the records of an entity are read again; the same one for the same gap. */
export type PlanRepair = (gap: EntityGap, command: ProcessCrmEvent) => NewPlan;

export interface ProcessCrmEventHandlerParts extends DecidingContextParts {
  readonly translator: ChangeTranslator;
  readonly rules: readonly IntakeRule[];
  readonly definitionFor: (provider: string, entity: string) => AggregateDefinition | null;
  readonly domain: Pick<ClientDomainService, 'processCrmEvent'>;
  readonly planRepair: PlanRepair;
  readonly now: () => Date;
}

/** Brings a change before the domain and writes down what it decides. Knows no entity, no status and no kind of change. */
export class ProcessCrmEventHandler implements CommandHandler<ProcessCrmEvent> {
  readonly #parts: ProcessCrmEventHandlerParts;

  constructor(parts: ProcessCrmEventHandlerParts) {
    this.#parts = parts;
  }

  keyOf({ event }: Validated<ProcessCrmEvent>): RecordKey | null {
    return event.external_id === undefined ? null : { source: event.source, entity: event.entity, externalId: event.external_id };
  }

  ruleOn(command: Validated<ProcessCrmEvent>): Settlement | null {
    return firstRuling(this.#parts.rules, command);
  }

  handle(command: Validated<ProcessCrmEvent>, record: RecordState): Handled {
    const translation = this.#parts.translator.understood(command);
    return translation.kind === 'change' ? this.#decide(command, translation, record) : this.#repair(command, translation);
  }

  #decide(command: ProcessCrmEvent, { change, warnings: oddities }: Translated, record: RecordState): Handled {
    const { provider, event } = command;
    const definition = this.#definitionOf(command);
    const context = decidingContext(this.#parts, { provider, source: event.source, entity: event.entity, write: event });
    const decision = this.#parts.domain.processCrmEvent(change, record, definition, context);
    const warnings = [...oddities, ...decision.warnings];
    const { key, clock, occurredAt } = change;
    const cause = {
      command, key, change: event.metadata, changeEventType: event.event_type ?? null, clock, occurredAt, own: context.own, definition, warnings,
    };
    const { marginMs } = this.#parts.sources.facts(event.source);
    return {
      settlement: { outcome: decision.outcome, reason: null, errors: [], warnings },
      append: { streamType: definition.type, events: newEvents(decision.events, cause), state: decision.stateAfter },
      reads: askedReads(decision.reads, { key, provider, marginMs, now: this.#parts.now() }),
    };
  }

  /** Which records changed, only reading all of them tells. */
  #repair(command: ProcessCrmEvent, gap: EntityGap): Handled {
    return { settlement: settle('superseded', REPAIR_PLANNED), append: null, plans: [this.#parts.planRepair(gap, command)] };
  }

  #definitionOf({ provider, event }: ProcessCrmEvent): AggregateDefinition {
    const definition = this.#parts.definitionFor(provider, event.entity);
    if (definition === null) throw new Error(`no mapping for ${provider} ${event.entity}: the rules let it through`);
    return definition;
  }
}
