import type { Frame, MeMessage } from '@onsale/contract';

export type SocketNews = {
  readonly onFrame: (frame: Frame) => void;
  readonly onMe: (me: MeMessage['me']) => void;
  readonly onOpen: () => void;
  readonly onClose: (code: number, reason: string) => void;
};
export type PlaceSocket = { readonly close: () => void };

/** A socket that has been silent for this long is taken for dead; frames come every 1 to 10 s. */
const SILENCE_MS = 25_000;
const LOOK_MS = 5_000;
const ALIVE_MS = 25_000;

/** `base`: the room's path. Imports nothing of the page: it is loaded after the first paint. */
export function openPlaceSocket(base: string, receipt: string | null, news: SocketNews): PlaceSocket {
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${base}/socket`);
  let lastHeard = performance.now();
  let over = false;
  let aliveAt = lastHeard;
  const alive = setInterval(() => {
    const now = performance.now();
    if (now - lastHeard > SILENCE_MS) return finish(4001, '');
    if (socket.readyState !== WebSocket.OPEN || now - aliveAt < ALIVE_MS) return;
    aliveAt = now;
    socket.send('{"type":"alive"}');
  }, LOOK_MS);
  const finish = (code: number, reason: string): void => {
    if (over) return;
    over = true;
    clearInterval(alive);
    socket.close();
    news.onClose(code, reason);
  };
  socket.onopen = () => {
    socket.send(JSON.stringify(receipt === null ? { type: 'hello' } : { type: 'hello', receipt }));
    news.onOpen();
  };
  socket.onmessage = (event) => {
    lastHeard = performance.now();
    const message = parse(event.data);
    if (message?.type === 'frame') news.onFrame(message);
    else if (message?.type === 'me') news.onMe(message.me);
  };
  socket.onclose = (event) => finish(event.code, event.reason);
  return {
    close: () => {
      over = true;
      clearInterval(alive);
      socket.close();
    },
  };
}

function parse(data: unknown): Frame | MeMessage | null {
  try {
    return JSON.parse(String(data)) as Frame | MeMessage;
  } catch {
    return null;
  }
}
