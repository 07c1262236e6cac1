/** What this package needs of a tap test; structural, so that nothing here depends on a version of tap. */
export type TestContext = {
  teardown(close: () => unknown): unknown;
  comment(...lines: unknown[]): unknown;
};

/** An address from the environment; `npm test` sets it, and so does whoever runs one file by hand. */
export function addressOf(variable: 'DATABASE_URL' | 'REDIS_URL'): string {
  const address = process.env[variable];
  if (address === undefined || address === '') throw new Error(`${variable} is not set: run the suite by npm test, or set it to a server for tests`);
  return address;
}
