import { effectiveField } from '../effective-fields.ts';
import type { Finding } from '../finding.ts';
import type { Json } from '../json.ts';
import type { ChangeContext } from './contexts.ts';

/** An amount is not left without its currency. A source that tells of no currency at all has but one. */
export function anAmountHasItsCurrency({ change, state, definition: { expected } }: ChangeContext): Finding[] {
  if (expected === undefined) return [];
  const valueAt = (path: string): Json | undefined =>
    change.fields.find((field) => field.path === path)?.value ?? (isWritten(path, change) ? null : effectiveField(state, path)?.value);
  return Object.entries(expected.currencies).flatMap(([amount, currency]) => {
    if (!isWritten(amount, change) && !isWritten(currency, change)) return [];
    const value = valueAt(amount);
    if (value === null || value === undefined || valueAt(currency) !== null) return [];
    const path = isWritten(currency, change) ? currency : amount;
    return [{ path, code: 'amount_without_currency', message: `${amount} has a value, and its currency in ${currency} has none` }];
  });
}

function isWritten(path: string, { fields }: ChangeContext['change']): boolean {
  return fields.some((field) => field.path === path);
}
