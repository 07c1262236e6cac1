import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { invariant, type RoomId } from '@onsale/kernel';
import { RoomUnreachable, type RoomConnection } from './connection.ts';
import { isKeyName, keyOf, type KeyName } from './keys.ts';
import { LIMITS } from './rules/limits.ts';

/*
 * The loader of lua/<verb>.lua. A script's header is its contract and is read, not just shown:
 *
 *   -- purpose: …            what it is for (more `--` lines may follow)
 *   -- guarantees: …
 *   -- flags: allow-oom      the flags of its shebang, or none
 *   -- keys: room line       → local keyRoom, keyLine = KEYS[1], KEYS[2]; names of src/keys.ts
 *   -- args: runId n:number places...   → locals; `name...` comes last and becomes `local placesFrom = 3`
 *   -- reads: phase clock    fields of the room's hash, for the fragment `room`: → room.phase, room.clock
 *   -- uses: fence room      fragments of lua/shared/, put before it in this order
 *   -- returns: …
 *
 * Names of rules/limits.ts that occur in it become locals too. A line `--   …` goes on with the line above.
 * `-- guard: name` … `-- end guard: name` encloses a rule that a negative control takes out (`withoutGuards`, tests only).
 */
export type Script = {
  readonly verb: string;
  readonly text: string;
  readonly sha: string;
  readonly keys: readonly KeyName[];
  readonly args: readonly string[];
  readonly hasRest: boolean;
};
export type ScriptArg = string | number | Buffer;

/** Places, identities or sessions one script run takes at most: keeps Redis' pause for one run near a millisecond. */
export const BATCH_MAX = LIMITS.BATCH_MAX;

const FOLDER = new URL('../lua/', import.meta.url);
const HEADER_LINE = /^-- (purpose|guarantees|flags|keys|args|reads|uses|returns): (.*)$/;
const HEADER_NEEDS = ['purpose', 'guarantees', 'keys', 'args', 'returns'];

const words = (text: string | undefined): string[] => (text ?? '').split(' ').filter((word) => word !== '' && word !== 'none');
const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** Reads and assembles one script. Throws when its header is not whole: a bug, found at start. */
export function loadScript(verb: string, withoutGuards: readonly string[] = []): Script {
  const source = readFileSync(new URL(`${verb}.lua`, FOLDER), 'utf8');
  const header = new Map<string, string>();
  let last = '';
  for (const line of source.split('\n')) {
    const match = HEADER_LINE.exec(line);
    if (match?.[1] !== undefined) last = match[1];
    else if (!line.startsWith('--   ') || last === '') break;
    header.set(last, `${header.get(last) ?? ''} ${match?.[2] ?? line.slice(5)}`);
  }
  for (const need of HEADER_NEEDS) invariant(header.has(need), `lua/${verb}.lua has no "-- ${need}:" in its header`);
  const keys = words(header.get('keys'));
  const keyNames = keys.map((name) => {
    invariant(isKeyName(name), `lua/${verb}.lua names an unknown key: ${name}`);
    return name;
  });
  const args = words(header.get('args'));
  const locals = [
    ...keyNames.map((name, index) => `local key${capital(name)} = KEYS[${index + 1}]`),
    ...args.map((arg, index) => {
      if (arg.endsWith('...')) return `local ${arg.slice(0, -3)}From = ${index + 1}`;
      const [name, type] = arg.split(':');
      return type === 'number' ? `local ${name} = tonumber(ARGV[${index + 1}])` : `local ${name} = ARGV[${index + 1}]`;
    }),
  ];
  const fragments = words(header.get('uses')).map((name) => readFileSync(new URL(`shared/${name}.lua`, FOLDER), 'utf8'));
  const flags = words(header.get('flags'));
  const reads = words(header.get('reads'));
  if (reads.length > 0) locals.push(`local roomFields = { ${reads.map((name) => `'${name}'`).join(', ')} }`);
  const code = [...fragments, source].join('\n');
  for (const [name, value] of Object.entries(LIMITS)) if (code.includes(name)) locals.push(`local ${name} = ${value}`);
  const body = [...locals, code].join('\n');
  const guarded = withoutGuards.reduce(takeOut, body);
  const text = `#!lua${flags.length > 0 ? ` flags=${flags.join(',')}` : ''}\n${guarded}`;
  const hasRest = args.at(-1)?.endsWith('...') ?? false;
  const named = args.filter((arg) => !arg.endsWith('...')).map((arg) => arg.split(':')[0] as string);
  return { verb, text, sha: createHash('sha1').update(text).digest('hex'), keys: keyNames, args: named, hasRest };
}

function takeOut(text: string, guard: string): string {
  const without = text.replaceAll(new RegExp(`-- guard: ${guard}\\n[\\s\\S]*?-- end guard: ${guard}\\n`, 'g'), '');
  invariant(without !== text, `no guard named ${guard} in this script`);
  return without;
}

/**
 * Runs a script on a room. `args` must name exactly the header's arguments; `runId`, when the header has it, comes from
 * the connection. Rejects with RoomUnreachable when Redis can't be asked; answers 'full' as null when Redis is out of memory.
 */
export async function runScript(
  connection: RoomConnection, script: Script, room: RoomId,
  args: Readonly<Record<string, ScriptArg>>, rest: readonly ScriptArg[] = [],
): Promise<unknown> {
  const runId = connection.runId();
  if (runId === null) throw new RoomUnreachable('not connected to Redis');
  const given: Readonly<Record<string, ScriptArg>> = { runId, ...args };
  const values = script.args.map((name) => {
    const value = given[name];
    invariant(value !== undefined, `${script.verb} needs the argument ${name}`);
    return value;
  });
  invariant(script.hasRest || rest.length === 0, `${script.verb} takes no list`);
  const keys = script.keys.map((name) => keyOf(room, name));
  try {
    return await evaluate(connection, script, runId, [String(keys.length), ...keys, ...values, ...rest]);
  } catch (error) {
    if (isOutOfMemory(error)) return null;
    if (isScriptError(error)) throw error;
    throw new RoomUnreachable(`${script.verb}: ${(error as Error).message}`, { cause: error });
  }
}

async function evaluate(connection: RoomConnection, script: Script, runId: string, tail: readonly ScriptArg[]): Promise<unknown> {
  try {
    return await connection.redis.call('EVALSHA', script.sha, ...tail);
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
  }
  // The first try may have met another process since: its run_id must not reach this one.
  if (connection.runId() !== runId) throw new RoomUnreachable(`${script.verb}: Redis changed`);
  return connection.redis.call('EVAL', script.text, ...tail);
}

const isOutOfMemory = (error: unknown): boolean => (error as Error).message.startsWith('OOM');
const AWAY = /^(READONLY|LOADING|MASTERDOWN|MISCONF|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|BUSY)/;
/** An error reply is a bug of ours, except where it says that this Redis cannot serve now; anything else is a connection that broke. */
const isScriptError = (error: unknown): boolean => (error as Error).name === 'ReplyError' && !AWAY.test((error as Error).message);

let controlGuards: readonly string[] = [];
const loaded = new Map<string, Script>();

/** The verb's script, loaded once. */
export function scriptOf(verb: string): Script {
  const known = loaded.get(verb);
  if (known !== undefined) return known;
  const guards = controlGuards.filter((guard) => guard.startsWith(`${verb}.`)).map((guard) => guard.slice(verb.length + 1));
  const script = loadScript(verb, guards);
  loaded.set(verb, script);
  return script;
}

/**
 * For negative controls in tests only: from now on the verbs run without these guards, named `verb.guard`; an empty list
 * puts all of them back.
 */
export function withoutGuards(guards: readonly string[]): void {
  controlGuards = guards;
  loaded.clear();
}
