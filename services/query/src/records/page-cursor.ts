import { ValidationError } from '@clientele/contracts';
import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { createHash } from 'node:crypto';

/**
 * A place in a list, as the opaque text that callers hand back: where the last page ended, and what it was a page of.
 * @throws ValidationError for a text that is no cursor, or is one of another list.
 */
export function readCursor<T extends TSchema>(cursor: string, place: T, list: unknown): Static<T> {
  const value = decoded(cursor);
  if (!Value.Check(Type.Tuple([Type.String(), place]), value)) throw invalid('is no cursor of this list; take next_cursor as it is');
  const [digest, at] = value;
  if (digest !== digestOf(list)) throw invalid('belongs to another list: send the filters and the sort that it was given for');
  return at;
}

/** `list` is all that says which list it is: whatever is given here must be given again when the cursor is read. */
export function writeCursor(place: unknown, list: unknown): string {
  return Buffer.from(JSON.stringify([digestOf(list), place])).toString('base64url');
}

function decoded(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function digestOf(list: unknown): string {
  return createHash('sha256').update(JSON.stringify(list)).digest('base64url').slice(0, 12);
}

function invalid(message: string): ValidationError {
  return new ValidationError(`The cursor ${message}`, [{ path: 'query.cursor', code: 'cursor', message }]);
}
