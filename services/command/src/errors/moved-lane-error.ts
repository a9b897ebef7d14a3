/**
 * The lane is not where this process left it, so nothing of what was decided was committed: another process moved it, or an append of this
 * one did whose answer was lost. Its checkpoint tells.
 */
export class MovedLaneError extends Error {
  override readonly name = 'MovedLaneError';
  constructor(lane: string) {
    super(`lane ${lane} is not where it was left`);
  }
}
