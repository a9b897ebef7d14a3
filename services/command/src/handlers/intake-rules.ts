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
    if (translation.kind === 'change') return null;
    const reason = translation.kind === 'entity_gap' ? 'unsupported_change' : translation.reason;
    return settle('parked', reason, [{ path: '', code: reason, message: translation.detail }]);
  };
}

const MOST_AHEAD_MS = 24 * 60 * 60 * 1000;

/** A time that far ahead would freeze the paths that it touches until it comes. */
export function aClockADayAheadIsParked(now: () => Date): IntakeRule {
  return ({ event }) => {
    const time = event.metadata.clock.commit_time;
    if (Date.parse(time) - now().getTime() <= MOST_AHEAD_MS) return null;
    const message = `The source says that the change was made at ${time}, more than a day from now`;
    return settle('parked', 'clock_ahead', [{ path: 'event.metadata.clock.commit_time', code: 'clock_ahead', message }]);
  };
}
