/**
 * What this device keeps. A browser may refuse storage: then it is kept for as long as the page is open, and what must last longer is found
 * again by the device cookie.
 */
const inMemory = new Map<string, string>();

export function keep(key: string, value: unknown): void {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(`onsale:${key}`, text);
    inMemory.delete(key);
  } catch {
    // Storage is full or refused.
    inMemory.set(key, text);
  }
}

export function kept<Value>(key: string): Value | null {
  const text = inMemory.get(key) ?? stored(key);
  try {
    return text === null ? null : (JSON.parse(text) as Value);
  } catch {
    return null;
  }
}

export function forget(key: string): void {
  inMemory.delete(key);
  try {
    localStorage.removeItem(`onsale:${key}`);
  } catch {
    // Nothing was kept.
  }
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(`onsale:${key}`);
  } catch {
    return null;
  }
}
