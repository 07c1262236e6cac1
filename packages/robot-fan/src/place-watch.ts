import { ADMISSION_PREFIX, type Frame, type PlaceReply } from '@onsale/contract';
import WebSocket from 'ws';
import type { Wire } from './wire.ts';

/**
 * How a robot learns about its place: over the socket, or by polling as `pollAfterMs` says. Either way polling is the
 * truth: after a lost socket the robot polls once, then opens the next with full jitter, as the page does.
 */
export type Watch = { readonly stop: () => void };
export type WatchHandlers = { readonly onMe: (me: PlaceReply) => void; readonly onFrame: (frame: Frame) => void; readonly onLost: (code: number) => void };

const RECONNECT_JITTER_MS = 5_000;
const POLL_MS_MIN = 500;

export function watchBySocket(wire: Wire, room: string, receipt: string, random: () => number, handlers: WatchHandlers): Watch {
  let stopped = false;
  let socket: WebSocket | undefined;
  let timer: NodeJS.Timeout | undefined;
  const open = (): void => {
    if (stopped) return;
    const path = `${ADMISSION_PREFIX}/rooms/${room}/socket`;
    socket = new WebSocket(wire.originOf(path).replace(/^http/, 'ws') + path, { perMessageDeflate: false, handshakeTimeout: 10_000 });
    socket.on('open', () => socket?.send(JSON.stringify({ type: 'hello', receipt })));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { type: string; me?: PlaceReply };
      if (message.type === 'frame') handlers.onFrame(message as unknown as Frame);
      if (message.type === 'me' && message.me) handlers.onMe(message.me);
    });
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      if (stopped) return;
      handlers.onLost(code);
      timer = setTimeout(open, random() * RECONNECT_JITTER_MS);
    });
  };
  open();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      socket?.terminate();
    },
  };
}

export function watchByPolling(wire: Wire, room: string, receipt: string, handlers: WatchHandlers): Watch {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const poll = async (): Promise<void> => {
    const answer = await wire.send<PlaceReply>('GET', `${ADMISSION_PREFIX}/rooms/${room}/places/me`, { headers: { authorization: `Bearer ${receipt}` } });
    if (stopped) return;
    if (answer.status === 200) handlers.onMe(answer.body);
    if (stopped) return; // by what the robot has just heard
    const wait = answer.status === 200 ? answer.body.pollAfterMs : (answer.retryAfterMs ?? 2_000);
    timer = setTimeout(() => void poll(), Math.max(POLL_MS_MIN, wait));
  };
  timer = setTimeout(() => void poll(), POLL_MS_MIN);
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
