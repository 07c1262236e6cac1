import { PHASES, type Phase } from './words.ts';

/*
 * Verb × state → word and state afterwards, of one place in an open room. This table is the specification: the README
 * prints it, tests are generated from it, the model is checked against it.
 *
 * A cell is 'word state': the word the verb answers and the state of that place afterwards ('-': the place stays unknown to
 * the room). Where join answers `joined` the identity has a new place at the end and the old one stays as it was.
 */
export const PLACE_CASES = [
  'waiting', 'absent', 'missed', 'called', 'entered', 'redeemed', 'finished', 'left', 'lapsed', 'revoked',
  /** Issued, but Redis lost it with its tail. */
  'lost',
  /** A number that was never issued. */
  'unknown',
  /** A place of another epoch. */
  'epoch',
] as const;
export type PlaceCase = (typeof PLACE_CASES)[number];
type Row = Readonly<Record<PlaceCase, string>>;

export const TRANSITIONS = {
  'join': {
    waiting: 'again waiting', absent: 'again waiting', missed: 'again missed', called: 'again called', entered: 'again entered',
    redeemed: 'again redeemed', finished: 'joined finished', left: 'joined left', lapsed: 'joined lapsed', revoked: 'ended revoked',
    lost: 'joined -', unknown: 'joined -', epoch: 'joined -',
  },
  'join (rejoin off)': {
    waiting: 'again waiting', absent: 'again waiting', missed: 'again missed', called: 'again called', entered: 'again entered',
    redeemed: 'again redeemed', finished: 'ended finished', left: 'ended left', lapsed: 'ended lapsed', revoked: 'ended revoked',
    lost: 'joined -', unknown: 'joined -', epoch: 'joined -',
  },
  'read-place': {
    waiting: 'place waiting', absent: 'place absent', missed: 'place missed', called: 'place called', entered: 'place entered',
    redeemed: 'place redeemed', finished: 'place finished', left: 'place left', lapsed: 'place lapsed', revoked: 'place revoked',
    lost: 'lost -', unknown: 'unknown -', epoch: 'epoch -',
  },
  'keep-place': {
    waiting: 'place waiting', absent: 'place waiting', missed: 'place missed', called: 'place called', entered: 'place entered',
    redeemed: 'place redeemed', finished: 'place finished', left: 'place left', lapsed: 'place lapsed', revoked: 'place revoked',
    lost: 'lost -', unknown: 'unknown -', epoch: 'epoch -',
  },
  'return': {
    waiting: 'unchanged waiting', absent: 'returned waiting', missed: 'returned waiting', called: 'unchanged called',
    entered: 'unchanged entered', redeemed: 'unchanged redeemed', finished: 'ended finished', left: 'ended left',
    lapsed: 'ended lapsed', revoked: 'ended revoked', lost: 'lost -', unknown: 'unknown -', epoch: 'epoch -',
  },
  'enter': {
    waiting: 'not-called waiting', absent: 'not-called absent', missed: 'not-called missed', called: 'entered entered',
    entered: 'again entered', redeemed: 'again redeemed', finished: 'ended finished', left: 'ended left', lapsed: 'ended lapsed',
    revoked: 'ended revoked', lost: 'lost -', unknown: 'unknown -', epoch: 'epoch -',
  },
  'enter (other binding)': {
    waiting: 'not-called waiting', absent: 'not-called absent', missed: 'not-called missed', called: 'entered entered',
    entered: 'bound-elsewhere entered', redeemed: 'bound-elsewhere redeemed', finished: 'ended finished', left: 'ended left',
    lapsed: 'ended lapsed', revoked: 'ended revoked', lost: 'lost -', unknown: 'unknown -', epoch: 'epoch -',
  },
  'redeem': {
    waiting: 'redeemed redeemed', absent: 'redeemed redeemed', missed: 'redeemed redeemed', called: 'redeemed redeemed',
    entered: 'redeemed redeemed', redeemed: 'again redeemed', finished: 'ended finished', left: 'ended left', lapsed: 'lapsed lapsed',
    revoked: 'ended revoked', lost: 'redeemed redeemed', unknown: 'unknown -', epoch: 'epoch -',
  },
  'redeem (other binding)': {
    waiting: 'redeemed redeemed', absent: 'redeemed redeemed', missed: 'redeemed redeemed', called: 'redeemed redeemed',
    entered: 'used entered', redeemed: 'used redeemed', finished: 'ended finished', left: 'ended left', lapsed: 'lapsed lapsed',
    revoked: 'ended revoked', lost: 'redeemed redeemed', unknown: 'unknown -', epoch: 'epoch -',
  },
  'finish': {
    waiting: 'finished finished', absent: 'finished finished', missed: 'finished finished', called: 'finished finished',
    entered: 'finished finished', redeemed: 'finished finished', finished: 'again finished', left: 'again left', lapsed: 'again lapsed',
    revoked: 'again revoked', lost: 'finished finished', unknown: 'unknown -', epoch: 'epoch -',
  },
  'leave': {
    waiting: 'left left', absent: 'left left', missed: 'left left', called: 'left left', entered: 'left left', redeemed: 'left left',
    finished: 'again finished', left: 'again left', lapsed: 'again lapsed', revoked: 'again revoked', lost: 'left left',
    unknown: 'unknown -', epoch: 'epoch -',
  },
  'revoke': {
    waiting: 'revoked revoked', absent: 'revoked revoked', missed: 'revoked revoked', called: 'revoked revoked',
    entered: 'revoked revoked', redeemed: 'revoked revoked', finished: 'again finished', left: 'again left', lapsed: 'again lapsed',
    revoked: 'again revoked', lost: 'revoked revoked', unknown: 'unknown -', epoch: 'epoch -',
  },
  'restore': {
    waiting: 'again waiting', absent: 'again waiting', missed: 'again missed', called: 'again called', entered: 'again entered',
    redeemed: 'again redeemed', finished: 'ended finished', left: 'ended left', lapsed: 'ended lapsed', revoked: 'ended revoked',
    lost: 'restored waiting', unknown: 'unknown -', epoch: 'epoch -',
  },
  'reconcile (session lives)': {
    waiting: 'adopted redeemed', absent: 'adopted redeemed', missed: 'adopted redeemed', called: 'adopted redeemed',
    entered: 'adopted redeemed', redeemed: 'none redeemed', finished: 'toEnd finished', left: 'toEnd left', lapsed: 'toEnd lapsed',
    revoked: 'toEnd revoked', lost: 'adopted redeemed', unknown: 'unknown -', epoch: 'unknown -',
  },
  'reconcile (session over)': {
    waiting: 'none waiting', absent: 'none absent', missed: 'none missed', called: 'none called', entered: 'none entered',
    redeemed: 'finished finished', finished: 'none finished', left: 'none left', lapsed: 'none lapsed', revoked: 'none revoked',
    lost: 'none -', unknown: 'none -', epoch: 'none -',
  },
  'reconcile (no session, token over)': {
    waiting: 'none waiting', absent: 'none absent', missed: 'none missed', called: 'none called', entered: 'none entered',
    redeemed: 'lapsed lapsed', finished: 'none finished', left: 'none left', lapsed: 'none lapsed', revoked: 'none revoked',
    lost: 'none -', unknown: 'none -', epoch: 'none -',
  },
  'sweep (all deadlines over)': {
    waiting: 'absent absent', absent: 'none absent', missed: 'none missed', called: 'missed missed', entered: 'lapsed lapsed',
    redeemed: 'finished finished', finished: 'none finished', left: 'none left', lapsed: 'none lapsed', revoked: 'none revoked',
    lost: 'none -', unknown: 'none -', epoch: 'none -',
  },
} as const satisfies Record<string, Row>;
export type VerbCase = keyof typeof TRANSITIONS;

/** Phase × verb → word, for the verbs that the phase decides; all others answer as in an open room. */
export const PHASE_WORDS = {
  'join (newcomer)': {
    scheduled: 'scheduled', lobby: 'lobby', drawing: 'drawing', open: 'joined', paused: 'joined', closed: 'closed', recovering: 'recovering',
  },
  'enter (called)': {
    scheduled: 'entered', lobby: 'entered', drawing: 'entered', open: 'entered', paused: 'entered', closed: 'closed', recovering: 'entered',
  },
  'return (missed)': {
    scheduled: 'returned', lobby: 'returned', drawing: 'returned', open: 'returned', paused: 'returned', closed: 'closed', recovering: 'returned',
  },
  'restore (lost)': {
    scheduled: 'restored', lobby: 'restored', drawing: 'restored', open: 'restored', paused: 'restored', closed: 'closed', recovering: 'restored',
  },
  'redeem (entered)': {
    scheduled: 'redeemed', lobby: 'redeemed', drawing: 'redeemed', open: 'redeemed', paused: 'redeemed', closed: 'redeemed', recovering: 'redeemed',
  },
  'call (somebody waits): its reason': {
    scheduled: 'scheduled', lobby: 'scheduled', drawing: 'scheduled', open: 'line', paused: 'paused', closed: 'closed', recovering: 'recovering',
  },
} as const satisfies Record<string, Readonly<Record<Phase, string>>>;
export type PhaseCase = keyof typeof PHASE_WORDS;

/** Both tables as Markdown, as the README prints them. A cell shows the word and, where it changes, the state afterwards. */
export function transitionsAsMarkdown(): string {
  const cell = (state: PlaceCase, text: string): string => {
    const [word, after] = text.split(' ') as [string, string];
    return after === state || after === '-' ? word : `${word} → ${after}`;
  };
  const lines = [`| verb | ${PLACE_CASES.join(' | ')} |`, `| --- |${' --- |'.repeat(PLACE_CASES.length)}`];
  for (const [verb, row] of Object.entries(TRANSITIONS)) {
    lines.push(`| ${verb} | ${PLACE_CASES.map((state) => cell(state, row[state])).join(' | ')} |`);
  }
  lines.push('', `| verb, by phase | ${PHASES.join(' | ')} |`, `| --- |${' --- |'.repeat(PHASES.length)}`);
  for (const [verb, row] of Object.entries(PHASE_WORDS)) lines.push(`| ${verb} | ${PHASES.map((phase) => row[phase]).join(' | ')} |`);
  return lines.join('\n');
}
