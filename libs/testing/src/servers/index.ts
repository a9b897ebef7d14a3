export * from './free-port.ts';
export * from './postgres.ts';
export * from './workspace.ts';
