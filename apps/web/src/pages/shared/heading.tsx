import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/**
 * The heading of what a press has brought. When the press took its own button out of the page, the focus would fall to the top of the document:
 * the heading takes it, so that a keyboard goes on from here and a screen reader says where the fan is. It takes it from nobody.
 */
export function Heading({ level, children, id }: { readonly level: 1 | 2; readonly children: ComponentChildren; readonly id?: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => reclaimFocus(heading.current), []);
  const Tag = level === 1 ? 'h1' : 'h2';
  return (
    <Tag ref={heading} tabIndex={-1} {...(id === undefined ? {} : { id })}>
      {children}
    </Tag>
  );
}

/** Before the first press of a page nothing has been lost. */
export function reclaimFocus(element: HTMLElement | null): void {
  const pressed = (navigator.userActivation as UserActivation | undefined)?.hasBeenActive ?? true;
  if (element !== null && pressed && (document.activeElement === null || document.activeElement === document.body)) element.focus();
}
