import type { DatabaseEngine } from '@onsale/services';

/**
 * `statements`: record the statements of the files that run, and judge each by its plan at the end; a run of every suite always does.
 * `rest`: files and options, as tap takes them; empty for every suite with the checks.
 */
export type TestArguments = { readonly database: DatabaseEngine; readonly statements: boolean; readonly rest: readonly string[] };

/** `--database mysql` or `--database=mysql` anywhere among the arguments. Throws on another server, or on none. */
export function readArguments(given: readonly string[]): TestArguments {
  let database: DatabaseEngine = 'mariadb';
  const rest: string[] = [];
  const left = given.flatMap((argument) => (argument.startsWith('--database=') ? ['--database', argument.slice('--database='.length)] : [argument]));
  for (let argument = left.shift(); argument !== undefined; argument = left.shift()) {
    if (argument !== '--database') rest.push(argument);
    else {
      const named = left.shift();
      if (named !== 'mysql' && named !== 'mariadb') throw new Error('--database takes mysql or mariadb');
      database = named;
    }
  }
  return { database, statements: rest.includes('--statements'), rest: rest.filter((argument) => argument !== '--statements') };
}
