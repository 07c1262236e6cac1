import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { say, Stopped } from './console.mjs';

const LOOK_AGAIN_MS = 200;
const WAIT_MAX_MS = 15 * 60_000;

/** Runs `work` while no other living process on this machine holds `file`. A holder that died is overruled. */
export async function withLock(file, work) {
  const deadline = Date.now() + WAIT_MAX_MS;
  let told = false;
  while (!take(file)) {
    if (Date.now() > deadline) throw new Stopped(`another start has been installing for 15 minutes; if none is, delete ${file}.`);
    if (!told) say('waiting for another start that is installing …');
    told = true;
    await sleep(LOOK_AGAIN_MS);
  }
  try {
    await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw new Stopped(`cannot write ${file} (${error.code}); was the project started by another user before?`);
    if (!holderLives(file)) rmSync(file, { force: true });
    return false;
  }
}

function holderLives(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // An empty file: the holder is about to write its pid.
    if (!Number.isInteger(pid) || pid <= 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
