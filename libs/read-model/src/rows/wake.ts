/** The channel on which the projector tells, after each commit, how far the views have come. A hint: whoever waits polls as well. */
export const VIEWS_CHANNEL = 'clientele_views';

/** What the served views have come to, by name; positions as decimal digits. */
export type ViewPositions = Readonly<Record<string, string>>;

/** Reads a notification's payload, `{"records":"42","changes":"42"}`; null for what is none. */
export function parseWake(payload: string | undefined): ViewPositions | null {
  if (payload === undefined || !payload.startsWith('{')) return null;
  const positions: Record<string, string> = {};
  for (const [name, position] of Object.entries<unknown>(JSON.parse(payload))) {
    if (typeof position !== 'string') return null;
    positions[name] = position;
  }
  return positions;
}
