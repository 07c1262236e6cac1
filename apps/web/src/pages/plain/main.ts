import { watchLife } from '../shared/lifecycle.ts';
import { guardPresses } from '../shared/press-guard.ts';

/** The plain page needs no script; where one runs, presses are guarded as everywhere. */
guardPresses(document);
// A page that comes back from the browser's memory shows a line that has long moved on.
watchLife({ wake: (how) => how === 'kept' && location.reload() });
