/** A duration as m:ss or h:mm:ss, rounded up: a clock that shows 0:00 has really run out. */
export function clockText(ms: number): string {
  const total = Math.max(0, Math.ceil(ms / 1_000));
  const seconds = String(total % 60).padStart(2, '0');
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3_600);
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

/** A deadline from the wire's `remainingMs`, on the page's monotonic clock: a wrong wall clock changes nothing. */
export type Deadline = { readonly at: number };
export const deadlineIn = (remainingMs: number, now: number): Deadline => ({ at: now + remainingMs });
export const leftOf = (deadline: Deadline, now: number): number => Math.max(0, deadline.at - now);
