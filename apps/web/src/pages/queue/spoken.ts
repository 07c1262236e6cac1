import { useEffect, useRef, useState } from 'preact/hooks';

/** A screen reader hears the figure when it has really moved, and at most every 20 seconds. */
const QUIET_MS = 20_000;
const MOVED_BY = 0.1;

export function useSpoken(count: number | null, words: (count: number) => string): string {
  const [text, setText] = useState('');
  const last = useRef<{ readonly at: number; readonly count: number } | null>(null);
  useEffect(() => {
    if (count === null) return;
    const before = last.current;
    const moved = before === null || Math.abs(before.count - count) >= Math.max(1, before.count * MOVED_BY);
    if (!moved || (before !== null && performance.now() - before.at < QUIET_MS)) return;
    last.current = { at: performance.now(), count };
    setText(words(count));
  }, [count]);
  return text;
}
