/*
 * Splits TypeScript into code and the rest without a parser (the compiler we use has no programming interface). Offsets are kept: `code`
 * is as long as the text, with comments, the insides of strings, templates and regular expressions blanked; quotes and newlines stay.
 */
export type Lexed = { readonly code: string; readonly strings: readonly StringLiteral[] };
/** `start` is the offset of the opening quote; of a template with expressions, `value` holds the text parts joined by a space. */
export type StringLiteral = { readonly start: number; readonly value: string };

/** After these a slash begins a regular expression, otherwise it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|await|yield))\s*$/;
const LOOK_BACK = 24;

export function lex(text: string): Lexed {
  const out = [...text].length === text.length ? text.split('') : Array.from({ length: text.length }, (_, index) => text.charAt(index));
  const strings: StringLiteral[] = [];
  const blank = (from: number, to: number): void => {
    for (let index = from; index < to; index += 1) if (out[index] !== '\n') out[index] = ' ';
  };
  /** Open templates, each with the depth of braces inside its current expression. */
  const templates: { start: number; value: string; depth: number }[] = [];
  let index = 0;

  const readTemplateText = (): void => {
    const template = templates.at(-1) as { start: number; value: string; depth: number };
    const from = index;
    while (index < text.length && text[index] !== '`' && !(text[index] === '$' && text[index + 1] === '{')) index += text[index] === '\\' ? 2 : 1;
    template.value += text.slice(from, index);
    blank(from, index);
    if (text[index] === '$') {
      blank(index, index + 2);
      template.value += ' ';
      template.depth = 0;
      index += 2;
      return;
    }
    templates.pop();
    strings.push({ start: template.start, value: template.value });
    index += 1;
  };

  while (index < text.length) {
    const char = text[index] as string;
    const template = templates.at(-1);
    if (char === '/' && (text[index + 1] === '/' || text[index + 1] === '*')) {
      const end = endOfComment(text, index);
      blank(index, end);
      index = end;
    } else if (char === '"' || char === "'") {
      const end = endOfString(text, index, char);
      strings.push({ start: index, value: text.slice(index + 1, end) });
      blank(index + 1, end);
      index = end + 1;
    } else if (char === '`') {
      templates.push({ start: index, value: '', depth: 0 });
      index += 1;
      readTemplateText();
    } else if (char === '/' && BEFORE_REGEX.test(out.slice(Math.max(0, index - LOOK_BACK), index).join(''))) {
      const end = endOfRegex(text, index);
      blank(index + 1, end);
      index = end + 1;
    } else if (template && char === '}' && template.depth === 0) {
      blank(index, index + 1);
      index += 1;
      readTemplateText();
    } else {
      if (template && char === '{') template.depth += 1;
      if (template && char === '}') template.depth -= 1;
      index += 1;
    }
  }
  return { code: out.join(''), strings };
}

function endOfComment(text: string, start: number): number {
  if (text[start + 1] === '/') {
    const end = text.indexOf('\n', start);
    return end === -1 ? text.length : end;
  }
  const end = text.indexOf('*/', start + 2);
  return end === -1 ? text.length : end + 2;
}

/** Offset of the closing quote; a string cannot pass the end of its line (an apostrophe in the text of a page would). */
function endOfString(text: string, start: number, quote: string): number {
  let index = start + 1;
  while (index < text.length && text[index] !== quote && text[index] !== '\n') index += text[index] === '\\' ? 2 : 1;
  return Math.min(index, text.length);
}

function endOfRegex(text: string, start: number): number {
  let inClass = false;
  let index = start + 1;
  while (index < text.length && text[index] !== '\n' && (inClass || text[index] !== '/')) {
    if (text[index] === '[') inClass = true;
    if (text[index] === ']') inClass = false;
    index += text[index] === '\\' ? 2 : 1;
  }
  return Math.min(index, text.length);
}

export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;
