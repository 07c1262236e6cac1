export * from './order-id-signer.ts';
export * from './provider.ts';
export * from './rules/index.ts';
export * from './toss-client.ts';
export * from './webhook.ts';
