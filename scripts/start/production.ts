import { planApps } from './apps.ts';
import { StartRefused, type PublicPorts } from './ports.ts';

/**
 * With NODE_ENV=production nothing is made up: no private server, no secret, no sandbox. What every app needs is looked at before the
 * first one starts, and all that is missing is told at once.
 */
export async function assertProduction(environment: NodeJS.ProcessEnv, host: string, ports: PublicPorts): Promise<void> {
  const { ConfigRefused, readConfig } = await import('@onsale/runtime');
  const around = {
    environment,
    host,
    shown: host,
    ports,
    dataFolder: '.',
    secretsPath: '',
    redisUrl: environment['REDIS_URL'] ?? '',
    databaseUrl: environment['DATABASE_URL'] ?? '',
    storesOf: () => ({}), // in production the environment names the stores itself
    libraries: undefined,
  };
  const faults = new Set<string>();
  for (const { name, env } of await planApps(around)) {
    try {
      readConfig(name, env);
    } catch (error) {
      if (!(error instanceof ConfigRefused)) throw error;
      for (const fault of error.faults) faults.add(fault);
    }
  }
  if (faults.size > 0)
    throw new StartRefused(`production takes nothing by default; missing or wrong:\n${[...faults].map((fault) => `  - ${fault}`).join('\n')}`);
}
