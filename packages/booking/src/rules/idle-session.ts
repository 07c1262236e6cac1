/**
 * An entry session that has held nothing for `idleMs` ends, and its slot goes to the next fan: a slot is for buying. Held is what is live or being
 * confirmed; the time runs from the entry, or from the end of the last hold.
 */
export type SessionUse = { readonly holds: boolean; readonly idleForMs: number };
export const idleLeftMs = ({ holds, idleForMs }: SessionUse, idleMs: number): number | null => (holds ? null : Math.max(0, idleMs - idleForMs));

/** Whether to end it, or in how long to look again. */
export const judgeIdle = (use: SessionUse, idleMs: number): 'end' | { readonly lookInMs: number } => {
  const left = idleLeftMs(use, idleMs);
  return left === 0 ? 'end' : { lookInMs: left ?? idleMs };
};
