import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

const LONGEST_MS = 2_000;
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * An answer to a request whose body is still on its way. It goes out at once and whole, but the connection is held open, and what arrives
 * is thrown away, for a moment: closing it under a sender that writes would reset it, and the sender might never see the answer.
 */
export function lingeringAnswer(request: IncomingMessage, answer: string): Readable {
  return Readable.from(answerThenDiscard(request, answer), { objectMode: false });
}

async function* answerThenDiscard(request: IncomingMessage, answer: string): AsyncGenerator<Buffer> {
  yield Buffer.from(answer, 'utf8');
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LONGEST_MS);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    let discarded = 0;
    request.on('data', (chunk: Buffer) => {
      discarded += chunk.length;
      if (discarded > MOST_BYTES) done();
    });
    request.once('end', done).once('close', done).once('error', done);
  });
}
