/** The lane belongs to another process by now: nothing of what was decided here was committed. */
export class StaleLaneError extends Error {
  override readonly name = 'StaleLaneError';
  constructor(lane: string) {
    super(`lane ${lane} was moved by another process`);
  }
}
