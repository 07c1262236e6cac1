import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Input } from './draw-heads.ts';

/**
 * What came back: answers by status. `unanswered`: hung up on without a word. `failed`: answered as a fault of ours. `hanging`: neither answered
 * nor hung up on, although the client had said that it sends no more.
 */
export type Answers = { readonly statuses: Map<number, number>; sent: number; unanswered: number; readonly failed: string[]; readonly hanging: string[] };
export const noAnswers = (): Answers => ({ statuses: new Map(), sent: 0, unanswered: 0, failed: [], hanging: [] });

const BATCH_MAX = 40;
/** Each on a connection of its own, so many at once: most of them do nothing but wait. */
const ALONE_AT_ONCE = 16;
/** Without a byte for this long the server waits for more, such as the body that a head promised; then we say that no more will come. */
const QUIET_MS = 1_000;
/** After that a server has this long to answer or to hang up. */
const GIVE_UP_MS = 10_000;
const HANDSHAKE_MS = 5_000;
/** For frames: a moment to be read in. */
const FRAMES_MS = 15;
const STATUS = /HTTP\/1\.[01] (\d{3}) /g;
/** Said under load, with a time to come again; every other one says that we have a fault. */
const BUSY = 503;

/**
 * Sends whole inputs one behind the other over as few connections as the server allows: it hangs up after what it could not read, and those behind
 * it go over a new connection. Those that may promise more than they bring go alone.
 */
export async function throwAt(port: number, inputs: readonly Input[], answers: Answers): Promise<void> {
  const [whole, alone] = [inputs.filter(({ answered }) => answered), inputs.filter(({ answered }) => !answered)];
  const next = alone.values();
  const senders = Array.from({ length: ALONE_AT_ONCE }, async () => {
    for (const input of next) await converse(port, [input], answers);
  });
  const behindEachOther = async (): Promise<void> => {
    for (let at = 0; at < whole.length; ) at += await converse(port, whole.slice(at, at + BATCH_MAX), answers);
  };
  await Promise.all([behindEachOther(), ...senders]);
}

function note(answers: Answers, status: number, text: string): void {
  answers.statuses.set(status, (answers.statuses.get(status) ?? 0) + 1);
  if (status >= 500 && status !== BUSY) answers.failed.push(`${status}: ${JSON.stringify(text.slice(0, 400))}`);
}

/** How many of the batch are done with: those that were answered, or the first one when the server hung up without a word. */
async function converse(port: number, batch: readonly Input[], answers: Answers): Promise<number> {
  const socket = open(port);
  const seen: number[] = [];
  let text = '';
  let isHanging = false;
  // Not by `once`, which takes a connection that is reset for a failure.
  const over = new Promise((done) => socket.on('close', done));
  // Node's server hangs up on whoever half-closes, also on one whose answer is being made: so only after long quiet.
  const patience = setTimeout(() => socket.end(), QUIET_MS);
  const giveUp = setTimeout(() => {
    isHanging = true;
    socket.destroy();
  }, GIVE_UP_MS);
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    let end = 0;
    for (const match of text.matchAll(STATUS)) {
      end = match.index + match[0].length;
      if (match[1] !== '100') seen.push(Number(match[1]));
    }
    text = text.slice(Math.max(end, text.length - 16));
    if (seen.length >= batch.length || seen.includes(101)) socket.destroy();
    patience.refresh();
    giveUp.refresh();
  });
  socket.write(batch.map((input) => input.text).join(''), 'latin1');
  await over;
  clearTimeout(patience);
  clearTimeout(giveUp);
  const done = Math.min(batch.length, Math.max(1, seen.length));
  answers.sent += done;
  if (seen.length === 0) answers.unanswered += 1;
  if (isHanging) answers.hanging.push(JSON.stringify((batch[Math.min(seen.length, batch.length - 1)] as Input).text.slice(0, 400)));
  for (const [index, status] of seen.slice(0, done).entries()) note(answers, status, (batch[index] as Input).text);
  return done;
}

const HANDSHAKE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** Opens a WebSocket by hand, sends the bytes, and leaves when it is closed or after a moment. */
export async function throwFrames(port: number, path: string, bytes: Buffer, count: number, answers: Answers): Promise<void> {
  const socket = open(port);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n${HANDSHAKE}\r\n`);
  const first = await firstBytes(socket, HANDSHAKE_MS);
  const status = Number(/HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0);
  answers.sent += count;
  note(answers, status, `a handshake at ${path}`);
  socket.write(bytes);
  await sleep(FRAMES_MS);
  socket.destroy();
}

/** What the server says first; nothing when it hangs up or stays silent. */
async function firstBytes(socket: Socket, withinMs: number): Promise<string> {
  let text = '';
  const over = new Promise<void>((done) => {
    socket.on('close', done).on('data', (bytes) => {
      text += bytes.toString('latin1');
      done();
    });
  });
  const patience = setTimeout(() => socket.destroy(), withinMs);
  await over;
  clearTimeout(patience);
  return text;
}

const open = (port: number): Socket => connect(port, '127.0.0.1').on('error', () => undefined);
