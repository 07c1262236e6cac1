import { openTestDatabase } from '@onsale/testing';
import t from 'tap';
import { TABLES } from '../src/index.ts';

t.test('every table that the migrations make is declared, and no other', async (t) => {
  const { pool } = await openTestDatabase(t);
  const [rows] = await pool.query("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'");
  t.same(Object.keys(TABLES).sort(), rows.map((row) => String(row['name'])).sort());
});
