import { withoutGuards } from '@onsale/waiting-room';

/*
 * Negative control, loaded into apps with --import: the waiting room without its fence. Its verbs then take whatever Redis answers for the
 * data that was adopted, and the worker never notices that it is not.
 */
const FENCED = ['call', 'enter', 'finish', 'join', 'keep-place', 'leave', 'read-place', 'reconcile', 'redeem', 'restore', 'return', 'revoke', 'sweep'];

withoutGuards(FENCED.map((verb) => `${verb}.fence`));
