export * from './admission.ts';
export * from './booking.ts';
export * from './budgets.ts';
export * from './close-codes.ts';
export * from './ops.ts';
export * from './problems.ts';
export * from './shapes.ts';
export * from './routes.ts';
