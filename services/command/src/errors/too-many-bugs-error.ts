/** So many changes of a lane fail for bugs that it stops: a bad deploy must not park everything. */
export class TooManyBugsError extends Error {
  override readonly name = 'TooManyBugsError';
  constructor(lane: string, bugs: number, changes: number) {
    super(`${bugs} of the last ${changes} changes of lane ${lane} failed for bugs; the lane stops until another version reads it`);
  }
}
