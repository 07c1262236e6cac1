import t from 'tap';
import { SANDBOX_MERCHANTS } from '../src/toss/merchants.ts';
import { startSandbox } from '../src/wire.ts';
import { Target, type Rule } from './conformance.ts';
import { cancelRules, clockRules, keyRules } from './rules-after.ts';
import { confirmRules } from './rules-confirm.ts';

const [merchant] = SANDBOX_MERCHANTS;
const [keys] = merchant?.keys ?? [];
const sandbox = await startSandbox({ host: '127.0.0.1', port: 0, webhookUrl: null });
t.teardown(() => sandbox.close());
const toss = new Target(sandbox.url, keys?.client ?? '', keys?.secret ?? '');

const groups: Record<string, readonly Rule[]> = { confirm: confirmRules, cancel: cancelRules, 'idempotency keys': keyRules, 'clocks and lists': clockRules };
for (const [group, rules] of Object.entries(groups)) {
  await t.test(group, async (t) => {
    for (const { id, rule, source, see } of rules) {
      await t.test(`${id} [${source}]: ${rule}`, async (t) => {
        await see(toss, (name, found, wanted) => void t.strictSame(found, wanted, name));
        await toss.call('POST', '/control/faults', { body: { faults: [] }, auth: null });
      });
    }
  });
}

await t.test('every rule has its own id', (t) => {
  const ids = Object.values(groups).flat().map(({ id }) => id);
  t.equal(new Set(ids).size, ids.length);
  t.end();
});
