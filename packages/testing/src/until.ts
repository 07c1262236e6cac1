const WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 10;

/** Waits until `happened` gives something true, and gives it; fails with `what` after `withinMs`. For what only another process can cause. */
export async function until<Value>(what: string, happened: () => Value | Promise<Value>, withinMs: number = WITHIN_MS): Promise<NonNullable<Value>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await happened();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`did not happen within ${withinMs / 1_000} s: ${what}`);
    await new Promise((over) => { setTimeout(over, LOOK_EVERY_MS); });
  }
}
