import { isInstant, ValidationError } from '@clientele/contracts';

/** Where a page of dead letters ended: newest first, by when they were decided and their id. */
export interface PageEnd {
  readonly decidedAt: string;
  readonly id: string;
}

const ID = /^\d{8}-[A-Za-z0-9_-]{1,71}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

export function encodeCursor({ decidedAt, id }: PageEnd): string {
  return Buffer.from(`${decidedAt} ${id}`).toString('base64url');
}

/** @throws ValidationError for a text that is no cursor of ours. */
export function decodeCursor(cursor: string): PageEnd {
  const [decidedAt = '', id = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  if (!ID.test(id) || !TIME.test(decidedAt) || !isInstant(decidedAt)) {
    const finding = { path: 'cursor', code: 'cursor', message: 'take it from next_cursor' };
    throw new ValidationError('The cursor is not one that this route gave', [finding]);
  }
  return { decidedAt, id };
}
