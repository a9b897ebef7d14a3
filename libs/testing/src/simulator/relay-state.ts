/** How the event relay is, as `EventRelayFeedback` tells it. To be changed at will while it runs. */
export class RelayState {
  status: 'RUNNING' | 'PAUSED' | 'STOPPED' | 'ERROR' = 'RUNNING';
  /** Milliseconds of the org's clock; null before the first event. */
  lastRelayedEventAt: number | null = null;
  error: { readonly code: string; readonly message: string; readonly at: number } | null = null;
}
