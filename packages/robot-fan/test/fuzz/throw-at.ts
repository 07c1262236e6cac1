import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Input } from './draw-heads.ts';

/** What came back: answers by status, and the inputs that got none (hung up on, or a body that never came). */
export type Answers = { readonly statuses: Map<number, number>; sent: number; unanswered: number; readonly failed: string[] };
export const noAnswers = (): Answers => ({ statuses: new Map(), sent: 0, unanswered: 0, failed: [] });

const BATCH_MAX = 40;
/** Without a byte for this long the server waits for more, such as the body that a head promised: that input is left behind. */
const QUIET_MS = 250;
/** For one that brings only half, and for frames: a moment. */
const HALF_MS = 15;
const HANDSHAKE_MS = 2_000;
const STATUS = /HTTP\/1\.[01] (\d{3}) /g;

/**
 * Sends inputs over as few connections as they allow: whole ones one behind the other, until the server hangs up, which it does after what it
 * could not read; those behind it go over a new connection.
 */
export async function throwAt(port: number, inputs: readonly Input[], answers: Answers): Promise<void> {
  let at = 0;
  while (at < inputs.length) {
    const whole = inputs.slice(at, at + BATCH_MAX);
    const half = whole.findIndex(({ answered }) => !answered);
    if (half === 0) {
      await sendAlone(port, inputs[at] as Input, answers);
      at += 1;
      continue;
    }
    at += await converse(port, half === -1 ? whole : whole.slice(0, half), answers);
  }
}

/** What may promise more than it brings: whatever the server says at once counts, then the connection is broken off. */
async function sendAlone(port: number, { text }: Input, answers: Answers): Promise<void> {
  const socket = open(port);
  socket.write(text, 'latin1');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(await firstBytes(socket, HALF_MS))?.[1] ?? 0);
  socket.destroy();
  answers.sent += 1;
  if (status === 0) answers.unanswered += 1;
  else note(answers, status, text);
}

function note(answers: Answers, status: number, text: string): void {
  answers.statuses.set(status, (answers.statuses.get(status) ?? 0) + 1);
  if (status === 500 || status === 502) answers.failed.push(`${status}: ${JSON.stringify(text.slice(0, 400))}`);
}

/** How many of the batch are done with: those that were answered, or the first one when the server hung up without a word. */
async function converse(port: number, batch: readonly Input[], answers: Answers): Promise<number> {
  const socket = open(port);
  const seen: number[] = [];
  let text = '';
  const over = once(socket, 'close');
  const patience = setTimeout(() => socket.destroy(), QUIET_MS);
  socket.once('close', () => clearTimeout(patience));
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
  });
  socket.write(batch.map((input) => input.text).join(''), 'latin1');
  await over;
  const done = Math.min(batch.length, Math.max(1, seen.length));
  answers.sent += done;
  if (seen.length === 0) answers.unanswered += 1;
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
  await sleep(HALF_MS);
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
