// Loaded before every process of the suites (NODE_OPTIONS): writes down each distinct statement that reaches a database, once, with the values of
// its first use, into a file of the process's own under ONSALE_STATEMENTS. judge-statements.ts asks the database how it would find the rows.
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { shapeOf } from './statement-shape.mjs';

const folder = process.env['ONSALE_STATEMENTS'];
/** A statement longer than this waits for a shorter of its shape; the engine's batches grow with the load. */
const LONG_CHARS = 20_000;

if (folder) {
  const file = join(folder, `${process.pid}-${Date.now()}.jsonl`);
  const written = new Set();
  const note = ({ query: sql }) => {
    const shape = shapeOf(sql);
    const key = sql.length > LONG_CHARS ? `${shape} (long)` : shape;
    if (written.has(key)) return;
    written.add(key);
    appendFileSync(file, `${JSON.stringify({ shape, sql })}\n`);
  };
  for (const kind of ['query', 'execute']) subscribe(`tracing:mysql2:${kind}:start`, note);
}
