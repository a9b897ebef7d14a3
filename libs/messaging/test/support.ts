import { eventually, startNats, tcpProxy, type NatsServer, type TcpProxy } from '@clientele/testing';
import type { Test } from 'tap';
import { connectNats, type NatsLink, type StreamKind, type TopologyOptions } from '../src/index.ts';
import { streamSettings } from '../src/topology/stream-settings.ts';

/** One broker for a test file; it ends with the file. It does not sync each message: what is tried here does not rest on the disk. */
export async function broker(t: Test): Promise<NatsServer> {
  const nats = await startNats({ syncAlways: false });
  t.teardown(async () => await nats.stop());
  return nats;
}

export async function linkTo(t: Test, url: string, name = 'test'): Promise<NatsLink> {
  const link = await connectNats({ url, name });
  t.teardown(async () => await link.close());
  return link;
}

/** A link through a proxy that can break it. */
export async function brittleLink(t: Test, nats: NatsServer, user: 'ingest' | 'command' | 'projector'): Promise<{ link: NatsLink; proxy: TcpProxy }> {
  const proxy = await tcpProxy(nats.port);
  t.teardown(async () => await proxy.close());
  const url = nats.urlFor(user).replace(`:${nats.port}`, `:${proxy.port}`);
  return { link: await linkTo(t, url), proxy };
}

/** Deletes a stream where there is one. */
export async function deleteStream(operator: NatsLink, kind: StreamKind): Promise<void> {
  const name = kind === 'commands' ? 'COMMANDS' : 'EVENTS';
  await operator.manager.streams.delete(name).catch((error: unknown) => {
    if (!String(error).includes('stream not found')) throw error;
  });
}

/**
 * An empty stream that no test has used. The server moves the files of a deleted stream aside and removes them later; while those of the one before are still
 * there it cannot, and the next stream of the name finds its messages again. Or a reader makes the stream first, as it should: then once more, too.
 */
export async function freshStream(operator: NatsLink, kind: StreamKind, options: TopologyOptions = {}): Promise<void> {
  await eventually('an empty stream', async () => {
    await deleteStream(operator, kind);
    return (await operator.manager.streams.add(streamSettings(kind, options))).state.messages;
  }, { until: (messages) => messages === 0 });
}
