import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A clone in a temporary folder, as a stranger has it: own home, empty npm cache, no variable of ours, the machine's own Node. */
export type Clone = {
  readonly folder: string;
  readonly who: string;
  /** Starts a program there, in a process group of its own, as a terminal would. */
  run(command: string, args: readonly string[]): Run;
  remove(): void;
};
export type Run = { readonly process: ChildProcess; readonly ended: Promise<number | string>; output(): string };

export type Account = { readonly name: string; readonly uid: number; readonly gid: number };

export function cloneFor(checkout: string, account: Account): Clone {
  const base = mkdtempSync(join(tmpdir(), `onsale-fresh-${account.name}-`));
  chmodSync(base, 0o755);
  const folder = join(base, 'onsale');
  must('git', ['clone', '--quiet', '--no-hardlinks', checkout, folder]);
  const home = join(base, 'home');
  mkdirSync(home);
  must('chown', ['-R', `${account.uid}:${account.gid}`, base]);
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  const env = { PATH: path.join(delimiter), HOME: home, USER: account.name, LANG: 'C.UTF-8' };
  return {
    folder,
    who: account.name,
    run: (command, args) => {
      const line = ['--reuid', String(account.uid), '--regid', String(account.gid), '--clear-groups', '--', command, ...args];
      const child = spawn('setpriv', line, { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (text += bytes.toString()));
      const ended = new Promise<number | string>((done) => child.once('close', (code, signal) => done(code ?? signal ?? 'gone')));
      return { process: child, ended, output: () => text };
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
}

/** An ordinary user made for this run; the returned function removes it again. */
export function makeUser(): { readonly account: Account; remove(): void } {
  const name = `onsale-${process.pid}`;
  must('useradd', ['--no-create-home', '--shell', '/bin/sh', name]);
  const id = (flag: string): number => Number(must('id', [flag, name]));
  return { account: { name, uid: id('-u'), gid: id('-g') }, remove: () => void must('userdel', [name]) };
}

function must(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** Processes that have anything to do with a folder: by command line, working folder or program. Zombies have ended. */
export function processesIn(folder: string): { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')) return [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const places = [command, link(`/proc/${name}/cwd`), link(`/proc/${name}/exe`)];
        return places.some((place) => place.includes(folder)) ? [{ pid: Number(name), command: command.slice(0, 120) }] : [];
      } catch {
        return []; // it ended meanwhile
      }
    });
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Waits until nothing of a folder runs; what still does when the time is over. */
export async function leftOver(folder: string, withinMs: number): Promise<string[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const left = processesIn(folder);
    if (left.length === 0 || performance.now() > deadline) return left.map(({ pid, command }) => `${pid} ${command}`);
    await sleep(50);
  }
}
