export * from './json.ts';
export * from './clock.ts';
export * from './change.ts';
export * from './event.ts';
export * from './definition.ts';
export * from './record.ts';
