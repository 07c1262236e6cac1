/** What this device keeps. A browser may refuse storage; then nothing is kept and the page still works. */
export function keep(key: string, value: unknown): void {
  try {
    localStorage.setItem(`onsale:${key}`, JSON.stringify(value));
  } catch {
    // Storage is full or refused: the server and the cookie hold the truth.
  }
}

export function kept<Value>(key: string): Value | null {
  try {
    const text = localStorage.getItem(`onsale:${key}`);
    return text === null ? null : (JSON.parse(text) as Value);
  } catch {
    return null;
  }
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(`onsale:${key}`);
  } catch {
    // Nothing was kept.
  }
}
