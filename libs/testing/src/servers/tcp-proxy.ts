import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Destroys the connections that are open; new ones are taken. */
  cut(): void;
  /** Bytes stop flowing, connections stay open: a network that hangs. */
  pause(): void;
  /** What the server sends stops flowing; what the client sends goes on. */
  pauseAnswers(): void;
  resume(): void;
  close(): Promise<void>;
}

/** Stands between a client and a server on the loopback address, to break what is between them. */
export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  const answering = new Set<Socket>();
  let paused = false;
  let answersPaused = false;
  const server = createServer((client) => {
    const upstream = connect({ port: targetPort, host: '127.0.0.1' });
    answering.add(upstream);
    const isPaused = (from: Socket): boolean => paused || (answersPaused && from === upstream);
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      open.add(from);
      from.setNoDelay(true);
      // What breaks on one side breaks on the other: `close` follows every error.
      from.on('error', () => {});
      from.on('close', () => {
        open.delete(from);
        answering.delete(from);
        to.destroy();
      });
      from.on('data', (data) => {
        if (!to.write(data)) from.pause();
      });
      to.on('drain', () => {
        if (!isPaused(from)) from.resume();
      });
      if (isPaused(from)) from.pause();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port');
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: address.port,
    cut,
    pause: () => {
      paused = true;
      for (const socket of open) socket.pause();
    },
    pauseAnswers: () => {
      answersPaused = true;
      for (const socket of answering) socket.pause();
    },
    resume: () => {
      paused = false;
      answersPaused = false;
      for (const socket of open) socket.resume();
    },
    close: async () => {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
