export { findMariadb, findRedis, runtimeFolder, ServersMissing, type MariadbBinary, type RedisBinary } from './binaries.ts';
export { claimFolder, type FolderClaim, FolderInUse } from './folder-claim.ts';
export { startMariadb, type Mariadb, type MariadbOptions } from './mariadb.ts';
export { startNode, type NodeApp, type NodeOptions } from './node-app.ts';
export { freePort, portIsFree } from './ports.ts';
export { startRedis, type Redis, type RedisOptions } from './redis.ts';
export { type Exit } from './child.ts';
