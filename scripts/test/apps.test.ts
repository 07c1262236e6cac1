import { SECRET_VARIABLES, variablesOf } from '@onsale/runtime';
import t from 'tap';
import { planApps, type Surroundings } from '../start/apps.ts';

const OF_PROCESSES = ['PATH', 'HOME', 'USER', 'LANG', 'TZ', 'TMPDIR', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'NO_COLOR', 'FORCE_COLOR', 'NODE_COMPILE_CACHE'];

/** A person's environment: every secret of every app, both stores, and what else lies about. */
const environment: NodeJS.ProcessEnv = {
  NODE_ENV: 'production',
  PATH: '/bin',
  PUBLIC_ORIGIN: 'https://tickets.example',
  OPS_ORIGIN: 'https://ops.example',
  REDIS_URL: 'redis://:p4ssword@redis:6379',
  DATABASE_URL: 'mysql://onsale:p4ssword@mysql:3306/onsale',
  POOL_HOT: '3',
  CLOUD_TOKEN: 'of another program',
  ...Object.fromEntries(Object.values(SECRET_VARIABLES).map((name) => [name, 'x'])),
};

const around: Surroundings = {
  environment, host: '127.0.0.1', shown: '127.0.0.1', ports: { gateway: 1, ops: 2, sandbox: 3 }, dataFolder: '.', libraries: undefined,
  secretsPath: '', redisUrl: '', databaseUrl: '', storesOf: () => ({}),
};

t.test('in production each app is told what its configuration reads and nothing else', async (t) => {
  const plans = await planApps(around);
  t.same(plans.map(({ name }) => name).sort(), ['admission', 'booking', 'ops', 'web', 'worker']);
  for (const { name, env } of plans) {
    const told = Object.keys(env);
    t.same(told.filter((variable) => !OF_PROCESSES.includes(variable) && !variablesOf(name).includes(variable)), [], name);
    for (const variable of variablesOf(name)) if (environment[variable] !== undefined) t.ok(told.includes(variable), `${name} is told ${variable}`);
  }
  const told = (name: string): readonly string[] => Object.keys(plans.find((plan) => plan.name === name)?.env ?? {});
  t.notOk(told('web').some((name) => /SECRET|KEY|REDIS|DATABASE|CLOUD/.test(name)), 'the gateway knows no secret and no store');
  t.notOk(told('admission').includes('DATABASE_URL'));
  t.notOk(told('booking').includes(SECRET_VARIABLES.entryKeys), 'booking cannot sign an entry token');
});
