export * from './behaviour.ts';
export * from './observations.ts';
export * from './wire.ts';
