import { openPool } from '../src/index.ts';

/* Run as a process: locks row 1 of `ledger` and says nothing more. */
const [, , url] = process.argv;
const connection = await openPool({ url: url ?? '', connections: 1 }).acquire();
await connection.begin();
await connection.query('SELECT id FROM ledger WHERE id = 1 FOR UPDATE');
process.send?.('locked');
