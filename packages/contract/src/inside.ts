/**
 * What every process answers on its internal listener, and no public one answers: health for whoever starts and balances processes, metrics for
 * whoever watches them. Admission adds the `admission-internal` routes of the table.
 */
export const INSIDE = { live: '/health/live', ready: '/health/ready', metrics: '/metrics' } as const;
