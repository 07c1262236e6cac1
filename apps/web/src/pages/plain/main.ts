import { guardPresses } from '../shared/press-guard.ts';

/** The plain page needs no script; where one runs, presses are guarded as everywhere. */
guardPresses(document);
