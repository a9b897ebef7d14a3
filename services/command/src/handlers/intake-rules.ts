import type { ProcessCrmEvent } from '@clientele/contracts';
import type { AggregateDefinition } from '@clientele/domain';
import { settle, type Settlement } from './command-handler.ts';
import type { ChangeTranslator } from './change-translator.ts';

/** Says that a change cannot, or need not, come before the domain now, and what becomes of it; null: nothing against it. */
export type IntakeRule = (command: ProcessCrmEvent) => Settlement | null;

/** The first that speaks counts: what nobody mapped is of no interest, however odd it is otherwise. */
export function firstRuling(rules: readonly IntakeRule[], command: ProcessCrmEvent): Settlement | null {
  for (const rule of rules) {
    const settlement = rule(command);
    if (settlement !== null) return settlement;
  }
  return null;
}

export function anUnmappedEntityIsIgnored(definitionFor: (provider: string, entity: string) => AggregateDefinition | null): IntakeRule {
  return ({ provider, event }) => (definitionFor(provider, event.entity) === null ? settle('ignored', 'unmapped_entity') : null);
}

export function whatTheProviderCannotTranslateIsParked(translator: ChangeTranslator): IntakeRule {
  return (command) => {
    const translation = translator.translate(command);
    return translation.kind === 'unsupported' ? parked(translation.reason, '', translation.detail) : null;
  };
}

/** Nothing that names no record can be made good without reading. It is taken up again once there are credentials. */
export function aGapOfAnUnreadableSourceIsParked(translator: ChangeTranslator, isReadable: (source: string) => boolean): IntakeRule {
  return (command) => {
    const translation = translator.translate(command);
    if (translation.kind !== 'entity_gap' || isReadable(translation.source)) return null;
    return parked('source_not_readable', '', `${translation.detail}; the source has no credentials, so its records cannot be read again`);
  };
}

export const MOST_AHEAD_MS = 24 * 60 * 60 * 1000;

export function aClockADayAheadIsParked(now: () => Date): IntakeRule {
  return ({ event }) => clockAhead(event.metadata.clock.commit_time, 'event.metadata.clock.commit_time', now());
}

/** A time that far ahead would freeze the paths that it touches until it comes. */
export function clockAhead(time: string, path: string, now: Date): Settlement | null {
  if (Date.parse(time) - now.getTime() <= MOST_AHEAD_MS) return null;
  return parked('clock_ahead', path, `The source says that this was at ${time}, more than a day from now`);
}

function parked(reason: string, path: string, message: string): Settlement {
  return settle('parked', reason, [{ path, code: reason, message }]);
}
