/** Close codes of the sockets (RFC 6455 §7.4; 4000–4999 are ours). `reconnect` says whether a client may come back, and how. */
export const closeCodes = {
  restart: { code: 1012, reconnect: 'spread', meaning: 'the server restarts; the reason text carries the delay in ms' },
  policy: { code: 1008, reconnect: 'never', meaning: 'a message of the wrong shape' },
  tooBig: { code: 1009, reconnect: 'never', meaning: 'a message over 4 KiB' },
  silent: { code: 4001, reconnect: 'jitter', meaning: 'no hello within 5 s, or no pong' },
  noPlace: { code: 4002, reconnect: 'join', meaning: 'the receipt or cookie has no living place here' },
  ended: { code: 4003, reconnect: 'never', meaning: 'the place or session has ended' },
  tooMany: { code: 4004, reconnect: 'jitter', meaning: 'more than 5 sockets of one place, or too many handshakes' },
  slow: { code: 4005, reconnect: 'jitter', meaning: 'the client reads too slowly; poll instead' },
} as const;
export type CloseName = keyof typeof closeCodes;
