export {
  configOfProcess, ConfigRefused, readConfig, variablesOf,
  type AdmissionConfig, type AppName, type BaseConfig, type BookingConfig, type ConfigOf, type OpsConfig,
  type PoolSizes, type SandboxConfig, type StorefrontConfig, type WebConfig, type WorkerConfig,
} from './config.ts';
export { checkSecrets, makeSecrets, makeSigningKey, openSecrets, sameSecret, Secrets, type SecretKeys, type SigningKeyText } from './secrets.ts';
export { SECRET_VARIABLES } from './secret-variables.ts';
export { createLogger, errorFields, type Logger } from './logger.ts';
export { buildServer, type OnsaleServer, type ServerOptions } from './server.ts';
export { buildInside, type Inside } from './inside.ts';
export { openInside, openListeners, type Listening } from './listening.ts';
export { seldom } from './seldom.ts';
export { lastWords, LINGER_MS, SOCKET_OPTIONS } from './last-words.ts';
export { answerUpgrades, endUnanswered } from './upgrades.ts';
export { boundConnections, connectionLimits, type ConnectionLimits } from './connections.ts';
export { descriptorLimit, socketsWithin } from './descriptors.ts';
export { languageOf, replyProblem } from './problem-reply.ts';
export { type TranslateError } from './problem-of-error.ts';
export { bearerOf, etagOf, etagOfVersion, idempotencyOf, ifMatchVersionOf, matchesETag, replyWithETag, type Idempotency } from './request-headers.ts';
export { createHandshakeLimiter, type HandshakeLimiter } from './handshake-limiter.ts';
export { createSocketDoor, type SocketBounds, type SocketDoor } from './socket-door.ts';
export { ownCookie, type OwnCookie } from './cookies.ts';
export { createMetrics, type BoundedCounter, type Metrics } from './metrics.ts';
export { readinessOf, type HealthChecks, type Readiness } from './health.ts';
export { SHED_LIMITS, watchPressure, type Importance, type Pressure, type ShedLimits } from './shedding.ts';
export { originAllowed } from './origin.ts';
export { addressOf, isFromProxy, NO_PROXIES, trustOf, type Trust, type TrustedProxies } from './trusted-proxies.ts';
export { type ApiDescription } from './openapi.ts';
export { startLoop, type Loop, type LoopHealth, type LoopOptions } from './loop.ts';
export { BATCH_MAX, gather, type Gatherer, type GatherOptions } from './gather.ts';
export { runApp, type AppOptions, type Lifetime, type ReadyMessage } from './process.ts';
