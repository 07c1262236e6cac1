export * from './claims.ts';
export * from './entry-session.ts';
export * from './holder.ts';
export * from './jwks-source.ts';
export * from './key-ring.ts';
export * from './require-entry-token.ts';
export * from './sign.ts';
export * from './verify.ts';
