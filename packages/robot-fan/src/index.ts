export * from './behaviour.ts';
export * from './crowd.ts';
export type { Shop, World } from './world.ts';
export * from './judge/journal.ts';
export * from './judge/robots.ts';
export * from './observations.ts';
export * from './report.ts';
export * from './wire.ts';
