/**
 * An expected outcome as a value. Refusals that users can cause are values; only bugs and broken machinery throw.
 */
export type Result<Value, Refusal> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly refusal: Refusal };

export const ok = <Value>(value: Value): Result<Value, never> => ({ ok: true, value });
export const refuse = <Refusal>(refusal: Refusal): Result<never, Refusal> => ({ ok: false, refusal });

/** The value, or a thrown Error that names the refusal: for callers that have already excluded it. */
export function valueOf<Value, Refusal>(result: Result<Value, Refusal>): Value {
  if (result.ok) return result.value;
  throw new Error(`unexpected refusal: ${JSON.stringify(result.refusal)}`);
}
