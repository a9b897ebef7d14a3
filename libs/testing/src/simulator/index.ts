export { ApiDestination, type ApiDestinationOptions, type Delivery, type DestinationCounts } from './api-destination.ts';
export { DEFAULT_START, type FeedOptions, type OrgOptions } from './options.ts';
export { SalesforceOrg, type TrueRecord } from './org.ts';
export type { ChangeType, OrgChange, Transaction } from './org-change.ts';
export { Random } from './random.ts';
export { type RelayEvent } from './relay-event.ts';
export { relayFeed } from './relay-feed.ts';
