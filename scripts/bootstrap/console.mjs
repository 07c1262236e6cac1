import { spawn } from 'node:child_process';

/** A step that cannot go on for a reason a person can act on: printed without a stack. */
export class Stopped extends Error {}

export const say = (line) => process.stderr.write(`onsale: ${line}\n`);

export function explain(error) {
  say(error instanceof Stopped ? error.message : `unexpected: ${error?.stack ?? error}`);
}

const PROGRESS_MS = 5_000;
const OUTPUT_MAX = 64 * 1024;

/**
 * Runs a program quietly; says every 5 s that it still does. Resolves to { code, output } with the end of what it printed; `code` is null
 * when the program is not there or was stopped after `limitMs`.
 * @returns {Promise<{ code: number | null, output: string }>}
 */
export function run(command, args, { cwd, env, label, limitMs }) {
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  const progress = setInterval(() => say(`  ${label} … ${seconds()} s`), PROGRESS_MS);
  return new Promise((done) => {
    let output = '';
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const patience = setTimeout(() => {
      output += `\nstopped after ${seconds()} s`;
      child.kill('SIGKILL');
    }, limitMs);
    const finish = (code) => {
      clearInterval(progress);
      clearTimeout(patience);
      done({ code, output });
    };
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes) => {
        output = (output + bytes).slice(-OUTPUT_MAX);
      });
    child.once('error', (error) => {
      output += error.message;
      finish(null);
    });
    child.once('close', finish);
  });
}

export const lastLines = (text, count) =>
  text
    .trimEnd()
    .split('\n')
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
