/** What a tab keeps over a reload, another language and a step of its history; it goes with the tab. A browser may refuse: then nothing is kept. */
export function keepInTab(key: string, value: unknown): void {
  try {
    sessionStorage.setItem(`onsale:${key}`, JSON.stringify(value));
  } catch {
    // Refused: the page works, a reload begins anew.
  }
}

export function keptInTab<Value>(key: string): Value | null {
  try {
    const text = sessionStorage.getItem(`onsale:${key}`);
    return text === null ? null : (JSON.parse(text) as Value);
  } catch {
    return null;
  }
}
