export * from './free-port.ts';
export * from './nats-binary.ts';
export * from './nats.ts';
export * from './owned-process.ts';
export * from './postgres.ts';
export * from './spawn-service.ts';
export * from './tcp-proxy.ts';
export * from './workspace.ts';
