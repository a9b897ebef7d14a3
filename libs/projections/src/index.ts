export * from './projection.ts';
export * from './projection-manager.ts';
export * from './fallback-feed.ts';
export * from './progress.ts';
export { EntryError, FeedHoleError, FencedError, MovedCheckpointError, TooManyParkedError } from './errors.ts';
export { viewText, type Checkpoint, type ViewId } from './checkpoints.ts';
export type { ParkedRow } from './parked-rows.ts';
export type { Written } from './write-batch.ts';
