/** Waiting time before the repeat of attempt `attempt` (from 0): doubles from 50 ms to 2 s, with full jitter above half of it. */
export function backoffMs(attempt: number, firstMs = 50, mostMs = 2000): number {
  const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 16));
  return ceiling / 2 + Math.random() * (ceiling / 2);
}
