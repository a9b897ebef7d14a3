import { createServer } from 'node:net';

// Below the kernel's range for outgoing connections (32768 and up): a server that is stopped for a moment finds its port free again.
const FIRST = 20_000;
const LAST = 31_999;

/** A port of the loopback address that nothing listens on right now. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${FIRST} and ${LAST}`);
}

/** Whether a server could listen there. @throws Error where none ever could: no address of this machine, or a port that needs rights. */
export async function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => ('code' in error && error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
