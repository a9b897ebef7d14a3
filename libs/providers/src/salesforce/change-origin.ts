import type { EventWriteDTO } from '@clientele/contracts';
import type { OwnChanges } from '../provider.ts';
import { readRecordId } from './record-id.ts';

/**
 * The client that made a change, as it called itself in `Sforce-Call-Options`: `com/salesforce/api/rest/60.0;client=Clientele/` ->
 * `Clientele`. Null where the origin names none.
 */
export function originClient(changeOrigin: string | null): string | null {
  for (const part of (changeOrigin ?? '').split(';').slice(1)) {
    const [key = '', ...rest] = part.split('=');
    if (key.trim().toLowerCase() === 'client') return rest.join('=').trim().replace(/\/$/, '') || null;
  }
  return null;
}

/** Whether Clientele's own integration made a change: by the client that it calls itself, or by its user. */
export function isOwnChange({ metadata: { origin, actor } }: EventWriteDTO, { client, user }: OwnChanges): boolean {
  if (client !== undefined && originClient(origin) === client.replace(/\/$/, '')) return true;
  return user !== undefined && actor !== null && canonicalId(actor) === canonicalId(user);
}

function canonicalId(id: string): string {
  const reading = readRecordId(id);
  return reading.kind === 'record' ? reading.id : id;
}
