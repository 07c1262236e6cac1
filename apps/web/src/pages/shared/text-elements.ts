import { h, options, type ComponentChild, type VNode } from 'preact';

/**
 * A browser that translates a page replaces its text nodes. What preact writes into a node that is no longer in the page nobody sees: the page
 * freezes; and what it inserts beside one throws. So no text node of ours ever changes, and none has a sibling: every text stands in an element
 * of its own, keyed by what it says, and another text is another element. Adjacent texts are one text. Figures that must not be translated say
 * so themselves (`translate="no"`).
 */
const TEXT = 'said-text';
/** Elements that may hold nothing but text. Theirs do not change while they stand. */
const BARE: readonly string[] = [TEXT, 'option', 'title', 'textarea', 'text'];

export function wrapTexts(): void {
  const before = options.vnode;
  options.vnode = (vnode: VNode) => {
    const { type, props } = vnode as VNode<{ children?: ComponentChild | ComponentChild[] }>;
    if (typeof type === 'string' && !BARE.includes(type) && props.children !== undefined) props.children = wrapped(props.children);
    before?.(vnode);
  };
}

function wrapped(children: ComponentChild | ComponentChild[]): ComponentChild | ComponentChild[] {
  if (isText(children)) return inElement(String(children), 0);
  if (!Array.isArray(children) || !children.some(isText)) return children;
  const result: ComponentChild[] = [];
  let text = '';
  children.forEach((child, at) => {
    if (isText(child)) text += String(child);
    const next = children[at + 1];
    const ends = text !== '' && !isText(next);
    // As many children as there were: what stands behind keeps its place, and with it its element and its focus.
    result.push(isText(child) ? (ends ? inElement(text, at) : null) : child);
    if (ends) text = '';
  });
  return result;
}

const isText = (child: unknown): child is string | number => typeof child === 'string' || typeof child === 'number';
const inElement = (text: string, at: number): ComponentChild => (text === '' ? null : h(TEXT, { key: `${at}:${text}` }, text));
