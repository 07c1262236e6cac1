export * from './behaviour.ts';
export * from './crowd.ts';
export type { World } from './fan.ts';
export type { Shop } from './buyer.ts';
export * from './judge/journal.ts';
export * from './judge/robots.ts';
export * from './observations.ts';
export * from './report.ts';
export * from './wire.ts';
