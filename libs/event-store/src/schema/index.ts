export * from './namespace.ts';
export * from './log.ts';
export * from './ledger.ts';
export * from './lanes.ts';
export * from './snapshots.ts';
