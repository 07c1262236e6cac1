export * from './check-journal.ts';
export * from './journal.ts';
export * from './limits.ts';
export * from './marks.ts';
export * from './settings.ts';
export * from './wait-band.ts';
export * from './words.ts';
export * from './transitions.ts';
