import { ValidationError } from '@clientele/contracts';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/** Where a page of a walk begins; kept by callers as text. It is a place among the records, so it never expires. */
const Cursor = Type.Object(
  {
    /** What the walk began with, so that a page is not asked of another. Null: all records. */
    since: Type.Union([Type.String(), Type.Null()]),
    stamp: Type.Union([Type.String(), Type.Null()]),
    /** The last record that was told; empty before the first. */
    id: Type.String(),
    /** Whether the walk has come to the log of deletions. */
    log: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type Cursor = Static<typeof Cursor>;

export function writeCursor(cursor: Cursor): string {
  return JSON.stringify(cursor);
}

/** @throws ValidationError where the text is no cursor. */
export function readCursor(text: string): Cursor {
  try {
    const value: unknown = JSON.parse(text);
    if (Value.Check(Cursor, value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ValidationError('after is not where a page began', [{ path: 'after', code: 'cursor', message: 'is not where a page began' }]);
}
