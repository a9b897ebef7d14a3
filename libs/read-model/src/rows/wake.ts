/** The channel on which the projector tells, after each commit, how far the views have come. A hint: whoever waits polls as well. */
export const VIEWS_CHANNEL = 'clientele_views';

/** What the served views have come to, by name; positions as decimal digits. */
export type ViewPositions = Readonly<Record<string, string>>;

/** Reads a notification's payload, `{"records":"42","changes":"42"}`; null for what is none. */
export function parseWake(payload: string | undefined): ViewPositions | null {
  if (payload === undefined || !payload.startsWith('{')) return null;
  const positions: unknown = JSON.parse(payload);
  return isPositions(positions) ? positions : null;
}

function isPositions(value: unknown): value is ViewPositions {
  return typeof value === 'object' && value !== null && Object.values(value).every((position) => typeof position === 'string');
}
