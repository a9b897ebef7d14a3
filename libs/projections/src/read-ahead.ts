/**
 * Asks for the next item while the present one is worked on, one ahead and no more: reading and decoding fill the time that the database
 * takes. The source's signal aborts with `signal`, and when the consumer stops: else a source that waits for news could not be closed.
 */
export async function* readAhead<T>(open: (signal: AbortSignal) => AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  const closing = new AbortController();
  const iterator = open(AbortSignal.any([signal, closing.signal]))[Symbol.asyncIterator]();
  try {
    let next = iterator.next();
    for (;;) {
      const result = await next;
      if (result.done === true) return;
      next = iterator.next();
      // Its failure is thrown when it is its turn; until then it must not count as unhandled.
      next.catch(() => {});
      yield result.value;
    }
  } finally {
    closing.abort();
    await iterator.return?.();
  }
}
