export * from './event-dispatcher.ts';
export * from './event-feed.ts';
export * from './keyed-routes.ts';
export * from './lane-feed.ts';
export * from './read-lane.ts';
export * from './sample-commands.ts';
export * from './sample-entries.ts';
