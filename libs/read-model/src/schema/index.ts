export * from './schemas.ts';
export * from './records.ts';
export * from './changes.ts';
export * from './projections.ts';
export * from './leases.ts';
