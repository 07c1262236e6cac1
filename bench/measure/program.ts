import { join } from 'node:path';
import { startNode, type NodeApp } from '@onsale/services';

const READY_MS_MAX = 30_000;
const isListening = (message: unknown): message is { listening: true } => (message as { listening?: boolean } | null)?.listening === true;

/** A program of the bench itself (a ceiling, a crowd of clients) as a process; resolves when it says that it is listening. */
export async function startProgram(file: string, args: readonly string[] = []): Promise<NodeApp> {
  const child = startNode(file, { name: file, args, env: { PATH: process.env['PATH'] ?? '' }, nodeArgs: MEASURED });
  await child.message(isListening, READY_MS_MAX);
  return child;
}

/** Node options of a process whose memory is read: it collects garbage when asked to. */
export const MEASURED = ['--expose-gc', '--import', join(import.meta.dirname, 'collect.ts')];
