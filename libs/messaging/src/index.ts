export { connectNats, BrokerAuthorizationError, type ConnectNatsOptions } from './connection/connect-nats.ts';
export type { LinkEvent, NatsLink } from './connection/nats-link.ts';
export { createMissingStream, ensureTopology } from './topology/ensure-topology.ts';
export { streamStatus, type StreamStatus } from './topology/stream-status.ts';
export type { StreamKind, TopologyOptions } from './topology/stream-settings.ts';
export { JetStreamDispatcher, type DispatcherStatus, type JetStreamDispatcherOptions } from './dispatcher/jetstream-dispatcher.ts';
export { JetStreamLaneFeed, type JetStreamLaneFeedOptions, type LaneFeedStats } from './lane-feed/jetstream-lane-feed.ts';
export { InMemoryLanes } from './in-memory/in-memory-lanes.ts';
export { InMemoryEventFeed } from './in-memory/in-memory-event-feed.ts';
