import { ValidationError } from '@clientele/contracts';

/** Where a page of dead letters ended: newest first, by when they were decided and their id. */
export interface PageEnd {
  readonly decidedAt: string;
  readonly id: string;
}

const ID = /^\d{8}-[A-Za-z0-9_-]{1,71}$/;
const TIME = /^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

export function encodeCursor({ decidedAt, id }: PageEnd): string {
  return Buffer.from(`${decidedAt} ${id}`).toString('base64url');
}

/** @throws ValidationError for a text that is no cursor of ours. */
export function decodeCursor(cursor: string): PageEnd {
  const [decidedAt = '', id = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  if (!ID.test(id) || !TIME.test(decidedAt) || !isOfTheCalendar(decidedAt)) {
    const finding = { path: 'cursor', code: 'cursor', message: 'take it from next_cursor' };
    throw new ValidationError('The cursor is not one that this route gave', [finding]);
  }
  return { decidedAt, id };
}

/** `Date` takes the 30th of February for the 2nd of March; a database does not. */
function isOfTheCalendar(time: string): boolean {
  const ms = Date.parse(time);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 19) === time.slice(0, 19);
}
