import { valueSpan } from '../json-text.ts';
import type { Target } from './targets.ts';

/** The text is copied for every record: together no more than this, in characters. */
const LARGEST_FAN_OUT = 16 * 1024 * 1024;

/**
 * The payload's text for each of so many targets: byte for byte as it arrived. Where a change names so many records that the list of their
 * ids alone would multiply, each gets the text with its own id in place of the list.
 * @returns null where even that would be too much.
 */
export function rawEvents(body: string, path: readonly string[], targets: number): ((target: Target) => string) | null {
  const span = valueSpan(body, path);
  const payload = span === null ? body : body.slice(span.start, span.end);
  if (targets * payload.length <= LARGEST_FAN_OUT) return () => payload;
  const ids = valueSpan(payload, ['ChangeEventHeader', 'recordIds']);
  if (ids === null) return null;
  const before = payload.slice(0, ids.start);
  const after = payload.slice(ids.end);
  if (targets * (before.length + after.length) > LARGEST_FAN_OUT) return null;
  return ({ id }) => `${before}["${id}"]${after}`;
}
