export * from './clock.ts';
export * from './entry-bounds.ts';
export * from './ids.ts';
export * from './invariant.ts';
export * from './money.ts';
export * from './random.ts';
export * from './result.ts';
