/*
 * A naive twin of one room in memory, built from the rules: the oracle of tests, the engine of what-if. Same verbs, same words;
 * time and run_id are handed in; everything costs O(n). README, "The model".
 */
export { call } from './call.ts';
export { enter, reconcile, redeem } from './entry-verbs.ts';
export { openModelRoom, type ModelData, type ModelPlace, type ModelPresence, type ModelRoom, type ModelSlot } from './model-room.ts';
export { configure, readopt, retire } from './operate.ts';
export { finish, join, keepPlace, leave, readPlace, restore, returnPlace, revoke } from './place-verbs.ts';
export { readCalled, readFrame, readGauges } from './read-room.ts';
export { sweep } from './sweep.ts';
