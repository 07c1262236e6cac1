import { WebSocketServer, type WebSocket } from 'ws';

/** The ceiling of the sockets: bare `ws` that keeps its sockets in a set and sends everybody the same text once a second. */
const FRAME_EVERY_MS = 1_000;
const sockets = new Set<WebSocket>();
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false, maxPayload: 4_096, clientTracking: false });
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});
let frame = '';
setInterval(() => {
  if (frame === '') return;
  for (const socket of sockets) socket.send(frame);
}, FRAME_EVERY_MS);
process.on('message', (message: { frame?: string }) => {
  if (message.frame !== undefined) frame = message.frame;
});
process.on('disconnect', () => process.exit(0));
server.on('listening', () => process.send?.({ listening: true }));
