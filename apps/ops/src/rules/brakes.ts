/**
 * A brake is the part of a change that can only let fewer fans through: pausing an open room, lowering its rate, lowering its capacity. Brakes
 * work while the database is away, because a mistake in them can be undone and not braking may not.
 */
export type Throttle = { readonly phase: string; readonly ratePerMinute: number | null; readonly capacity: number | null };
export type Brake = { readonly phase?: 'paused'; readonly ratePerMinute?: number; readonly capacity?: number };

const FIELDS: ReadonlySet<string> = new Set(['phase', 'ratePerMinute', 'capacity']);
const isLower = (wanted: number, now: number | null): boolean => now === null || wanted < now;

/** Whether a patch asks for nothing but what a brake may hold, whatever the room's settings are. `cause` and absent members don't count. */
export function mayBrake(patch: Readonly<Record<string, unknown>>): boolean {
  const asked = Object.entries(patch).filter(([name, value]) => value !== undefined && name !== 'cause');
  return asked.length > 0 && asked.every(([name, value]) => FIELDS.has(name) && (name === 'phase' ? value === 'paused' : typeof value === 'number'));
}

/** What a patch changes of the settings in force, when it only brakes; undefined when it asks for anything else. */
export function brakeOf(patch: Readonly<Record<string, unknown>>, now: Throttle): Brake | undefined {
  if (!mayBrake(patch)) return undefined;
  const { phase, ratePerMinute, capacity } = patch as Brake;
  if (phase !== undefined && now.phase !== 'open' && now.phase !== 'paused') return undefined;
  const raises = (wanted: number | undefined, current: number | null): boolean => wanted !== undefined && current !== null && wanted > current;
  if (raises(ratePerMinute, now.ratePerMinute) || raises(capacity, now.capacity)) return undefined;
  return standing(now, { phase: phase ?? now.phase, ratePerMinute: ratePerMinute ?? now.ratePerMinute, capacity: capacity ?? now.capacity });
}

/** What of the settings in force is stricter than the saved ones: a brake that has not been saved yet. */
export const brakeStanding = (saved: Throttle, inForce: Throttle): Brake => standing(saved, inForce);

function standing(base: Throttle, stricter: Throttle): Brake {
  const { phase, ratePerMinute, capacity } = stricter;
  return {
    ...(phase === 'paused' && base.phase === 'open' ? { phase } : {}),
    ...(ratePerMinute !== null && isLower(ratePerMinute, base.ratePerMinute) ? { ratePerMinute } : {}),
    ...(capacity !== null && isLower(capacity, base.capacity) ? { capacity } : {}),
  };
}
