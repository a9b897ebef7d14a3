import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { withoutPassword } from './server-urls.ts';
import { StartError } from './start-error.ts';

const PATIENCE_MS = 5_000;
const CONNECT_MS = 5_000;

/**
 * Makes sure that a broker with JetStream, 2.10 or later, answers there.
 * @throws StartError naming the variable.
 */
export async function openBroker(url: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const greeting = await greetingOf(url);
    if (greeting !== null) return checkGreeting(url, greeting);
    if (Date.now() > deadline) {
      throw new StartError(`NATS_URL (${withoutPassword(url)}): no NATS server answers there`, 'start it or correct NATS_URL; unset it for an embedded one');
    }
    await delay(250);
  }
}

function checkGreeting(url: string, greeting: string): void {
  const version = /"version":"(\d+)\.(\d+)/.exec(greeting);
  const [major, minor] = [Number(version?.[1]), Number(version?.[2])];
  if (!(major > 2 || (major === 2 && minor >= 10))) {
    throw new StartError(`NATS_URL (${withoutPassword(url)}): the server there is ${version?.[0] ?? 'of unknown version'}, 2.10 or later is needed`, 'use a newer server');
  }
  if (!greeting.includes('"jetstream":true')) {
    throw new StartError(`NATS_URL (${withoutPassword(url)}): the server there runs without JetStream`, 'start it with deploy/nats/nats-server.conf, or with -js');
  }
}

/** Of the first of them that answers. */
async function greetingOf(urls: string): Promise<string | null> {
  for (const url of urls.split(',')) {
    const greeting = await greetingAt(new URL(url.trim()));
    if (greeting !== null) return greeting;
  }
  return null;
}

async function greetingAt({ hostname, port }: URL): Promise<string | null> {
  return await new Promise((resolve) => {
    const socket = connect({ host: hostname, port: port === '' ? 4222 : Number(port) });
    socket.setTimeout(CONNECT_MS, () => socket.destroy());
    socket.once('data', (data) => {
      resolve(data.toString('utf8'));
      socket.destroy();
    });
    socket.once('error', () => resolve(null));
    socket.once('close', () => resolve(null));
  });
}
