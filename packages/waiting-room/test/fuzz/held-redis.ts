import { createHash } from 'node:crypto';
import type { RoomConnection } from '../../src/index.ts';

/*
 * A RoomConnection to a real Redis whose TIME and run_id the test holds in its hand, so that a model can be told the very
 * millisecond a script saw. Nothing else is replaced: a script that asks for TIME is run with a line before it that answers TIME
 * from a further last argument; every other command reaches the server.
 */
export type HeldRedis = RoomConnection & { nowMs: number; heldRunId: string };

const HOLD_TIME = `
local server, heldMs = redis, tonumber(ARGV[#ARGV])
local redis = { call = function(command, ...)
  if command == 'TIME' then return { tostring(math.floor(heldMs / 1000)), tostring(heldMs % 1000 * 1000) } end
  return server.call(command, ...)
end }
`;

export function holdRedis(connection: RoomConnection, nowMs: number, runId: string): HeldRedis {
  const { redis } = connection;
  // By the script's own sha: its text, with HOLD_TIME after the shebang where it asks for TIME.
  const texts = new Map<string, { readonly text: string; readonly sha: string; readonly isHeld: boolean }>();
  const call = async (command: string, first: string, ...rest: string[]): Promise<unknown> => {
    if (command === 'EVAL') learn(first);
    else if (command !== 'EVALSHA') return redis.call(command, first, ...rest);
    const script = texts.get(command === 'EVAL' ? shaOf(first) : first);
    // A text never seen might be in the server's cache as it is, with the server's own TIME.
    if (script === undefined) throw new Error('NOSCRIPT not seen yet');
    const args = script.isHeld ? [...rest, String(held.nowMs)] : rest;
    try {
      return await redis.call('EVALSHA', script.sha, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
    }
    return redis.call('EVAL', script.text, ...args);
  };
  const learn = (text: string): void => {
    const isHeld = text.includes("redis.call('TIME')");
    const played = isHeld ? text.replace('\n', HOLD_TIME) : text;
    texts.set(shaOf(text), { text: played, sha: shaOf(played), isHeld });
  };
  const proxy = new Proxy(redis, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name === 'call') return call;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const held: HeldRedis = { redis: proxy, nowMs, heldRunId: runId, runId: () => held.heldRunId, ready: connection.ready, close: connection.close };
  return held;
}

const shaOf = (text: string): string => createHash('sha1').update(text).digest('hex');
