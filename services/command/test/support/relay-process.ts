import { connectNats, EventStream } from '@clientele/messaging';
import { faultFromEnvironment } from '@clientele/service-kit';
import { Relay } from '../../src/relay/relay.ts';
import { ListLog, ListState } from './relay-log.ts';

/** A relay alone in a process, to be killed: the log holds `ENTRIES` entries. */
const link = await connectNats({ url: process.env['NATS_URL'] ?? '', name: 'relay-process' });
const log = new ListLog();
log.append(Number(process.env['ENTRIES']), { recordedAt: process.env['RECORDED_AT'] ?? '' });
const relay = new Relay({
  link, log, stream: new EventStream(link), state: new ListState(), dataref: String, fault: faultFromEnvironment(process.env),
});
await relay.lead({ epoch: 1, signal: new AbortController().signal });
