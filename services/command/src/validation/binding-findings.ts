import { ValidationError, type Finding } from '@clientele/contracts';
import type { RecordState } from '@clientele/domain';
import type { TakenUp } from '../pipeline/work-item.ts';

/**
 * What binds of the warnings. On a feed's change they only warn. On an edit they bind, but for those that the change had before it was edited:
 * nobody has to mend what the feed sent, and nobody may make it worse. Where the change could not be decided before, all of them bind.
 */
export function bindingFindings(taken: TakenUp | null, warnings: readonly Finding[], state: RecordState): readonly Finding[] {
  if (taken === null || taken.edit === null || warnings.length === 0) return [];
  const before = new Set(warningsOf(taken, state).map(textOf));
  return warnings.filter((finding) => !before.has(textOf(finding)));
}

function warningsOf({ unedited }: TakenUp, state: RecordState): readonly Finding[] {
  if (unedited === null) return [];
  try {
    return unedited.ruleOn() === null ? unedited.handle(state).settlement.warnings : [];
  } catch (error) {
    // What keeps it from being decided may be why it waits, and was told when it was parked.
    return error instanceof ValidationError ? error.findings : [];
  }
}

function textOf({ path, code }: Finding): string {
  return `${path}\n${code}`;
}
