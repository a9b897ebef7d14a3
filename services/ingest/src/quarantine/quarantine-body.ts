import type { Finding, QuarantineBody } from '@clientele/contracts';
import { hash } from 'node:crypto';

export interface Quarantined {
  readonly provider: string;
  readonly body: Uint8Array;
  /** The source that the sender's key is bound to, where it is. */
  readonly source: string | null;
  readonly reason: 'unintelligible' | 'unknown_source';
  readonly errors: readonly Finding[];
  readonly correlationId: string;
  /** RFC 3339. */
  readonly receivedAt: string;
}

/** The day in the id of what has none of its own: the id must be the same for every repetition, so it cannot be the day of receipt. */
const NO_DAY = '19700101';
const HASH_CHARACTERS = 27;

/** The command that keeps a body whole, until somebody has mended what was wrong and submits it again. */
export function quarantineBody({ body, errors, ...rest }: Quarantined): QuarantineBody {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return {
    type: 'QuarantineBody',
    schemaVersion: 1,
    commandId: quarantineId(rest.provider, bytes),
    body: bytes.toString('base64'),
    errors: [...errors],
    ...rest,
  };
}

/** The same for every repetition of the same bytes. */
function quarantineId(provider: string, bytes: Buffer): string {
  const digest = hash('sha256', Buffer.concat([Buffer.from(`${provider}\n`, 'utf8'), bytes]), 'base64url');
  return `${NO_DAY}-${digest.slice(0, HASH_CHARACTERS)}`;
}
