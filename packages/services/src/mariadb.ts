import { findMariadb, type MariadbBinary } from './binaries.ts';
import { initMariadb } from './mariadb-init.ts';
import { redoMbOf, startSqlServer, type SqlServer, type SqlServerOptions } from './sql-server.ts';

export type MariadbOptions = SqlServerOptions & { readonly binary?: MariadbBinary };

/** Starts a private MariaDB: what `startSqlServer` says. */
export async function startMariadb({ binary = findMariadb(), ...options }: MariadbOptions): Promise<SqlServer> {
  return startSqlServer(
    {
      name: 'mariadb',
      ...binary,
      options: () => [`--basedir=${binary.base}`, `--innodb-log-file-size=${redoMbOf(options)}M`],
      makeFolder: (dir, owner, { rights = 'database' }) => initMariadb({ dir, binary, owner, rights, redoMb: redoMbOf(options) }),
    },
    options,
  );
}
