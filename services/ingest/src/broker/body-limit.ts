/** The largest body that is taken, in bytes. */
export const LARGEST_BODY = 4 * 1024 * 1024;

/** The largest entry that EventBridge is documented to deliver: with less than that, changes would be refused every day. */
export const SMALLEST_LIMIT = 256 * 1024;

/** A command holds a body's fields once, and its text once more as a JSON string, in which a character takes at most twice its bytes. */
const COPIES = 3;
const OVERHEAD_BYTES = 16 * 1024;

/**
 * The largest body whose command fits into a message of the broker.
 * @throws RangeError where the broker's `max_payload` is too small to work with.
 */
export function bodyLimit(maxPayload: number): number {
  const limit = Math.min(LARGEST_BODY, Math.floor((maxPayload - OVERHEAD_BYTES) / COPIES));
  if (limit >= SMALLEST_LIMIT) return limit;
  const needed = SMALLEST_LIMIT * COPIES + OVERHEAD_BYTES;
  throw new RangeError(`the broker's max_payload is ${maxPayload} bytes, and ingest needs at least ${needed}: raise it, to 16MB for bodies of 4 MiB`);
}
