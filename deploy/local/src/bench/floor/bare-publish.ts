import { STREAMS } from '@clientele/contracts';
import { connectNats, type NatsLink } from '@clientele/messaging';

const STREAM = 'BENCH';
const SUBJECT = 'crm.bench';

/** Publishes to a stream with the settings of COMMANDS on the same broker: one command's bytes a message, each waited for. */
export class BarePublish {
  readonly #link: NatsLink;
  readonly #data: Uint8Array;

  private constructor(link: NatsLink, data: Uint8Array) {
    this.#link = link;
    this.#data = data;
  }

  /** `url`: for a user who may make streams. */
  static async open(url: string, text: string): Promise<BarePublish> {
    const link = await connectNats({ url, name: 'clientele-bench' });
    const { config } = await link.manager.streams.info(STREAMS.commands);
    await link.manager.streams.add({ ...config, name: STREAM, subjects: [SUBJECT] });
    return new BarePublish(link, Buffer.from(text));
  }

  /** Acknowledged messages a second, with so many in flight. */
  async rate(inFlight: number, seconds: number): Promise<number> {
    let acknowledged = 0;
    const jetstream = this.#link.nats.jetstream();
    const begun = performance.now();
    const end = begun + seconds * 1000;
    await Promise.all(Array.from({ length: inFlight }, async () => {
      while (performance.now() < end) {
        await jetstream.publish(SUBJECT, this.#data);
        acknowledged += 1;
      }
    }));
    return acknowledged / (performance.now() - begun) * 1000;
  }

  async close(): Promise<void> {
    await this.#link.manager.streams.delete(STREAM);
    await this.#link.close();
  }
}
