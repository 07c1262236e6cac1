export * from './amount.ts';
export * from './answer.ts';
export * from './attempt.ts';
export * from './codes.ts';
export * from './confirm-verdict.ts';
export * from './provider-order-id.ts';
export * from './refund-verdict.ts';
export * from './schedule.ts';
