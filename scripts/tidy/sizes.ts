import { stripTypeScriptTypes } from 'node:module';
import { basename } from 'node:path';
import type { Finding } from './finding.ts';
import { lex, lineAt } from './lexer.ts';
import type { Source, Tree } from './tree.ts';

const LINE_MAX = 160;
const FILE_MAX = { src: 300, scripts: 300, bench: 300, test: 700 };
/** The longest function is the callback of a whole test. */
const FUNCTION_MAX = { src: 60, scripts: 60, bench: 60, test: 120 };
const LENGTH_CHECKED = /\.(ts|tsx|mts|mjs|js|jsx|lua|sql|sh)$/;

/** Names that say nothing about what is inside. */
const EMPTY_NAMES = /^(utils?|helpers?|common|managers?|types|misc|stuff)$/;
const EMPTY_DECLARATION = /\b(?:class|function|const|let|type|interface)\s+(\w*(?:Utils?|Helpers?|Manager))\b/g;

export function checkSizes(tree: Tree): Finding[] {
  const files = tree.files.filter(({ path }) => LENGTH_CHECKED.test(path) && path.includes('/'));
  return [
    ...files.flatMap(({ path, text }) => [...checkLines(path, text), ...checkName(path)]),
    ...tree.sources.flatMap((source) => [...checkFunctions(source), ...checkDeclarations(source)]),
  ];
}

function checkLines(path: string, text: string): Finding[] {
  const lines = text.split('\n');
  const max = FILE_MAX[/(^|\/)test\//.test(path) ? 'test' : 'src'];
  const tooLong = lines.flatMap((line, index): Finding[] =>
    [...line].length > LINE_MAX ? [{ path, line: index + 1, rule: 'line-length', message: `${line.length} characters, at most ${LINE_MAX}` }] : [],
  );
  const count = text.endsWith('\n') ? lines.length - 1 : lines.length;
  return count > max ? [{ path, line: 1, rule: 'file-length', message: `${count} lines, at most ${max}` }, ...tooLong] : tooLong;
}

function checkName(path: string): Finding[] {
  const parts = path.split('/').map((part) => basename(part).replace(/\..*$/, ''));
  const empty = parts.find((part) => EMPTY_NAMES.test(part) || /-(utils?|helpers?|manager)$/.test(part));
  return empty ? [{ path, line: 1, rule: 'name', message: `"${empty}" says nothing about what is inside` }] : [];
}

function checkDeclarations(source: Source): Finding[] {
  return [...source.code.matchAll(EMPTY_DECLARATION)].map((match) => ({
    path: source.path,
    line: lineAt(source.text, match.index),
    rule: 'name' as const,
    message: `"${match[1]}" says nothing about what it does`,
  }));
}

function checkFunctions(source: Source): Finding[] {
  const max = FUNCTION_MAX[source.kind];
  return functionsOf(source).flatMap(({ line, lines }): Finding[] =>
    lines > max ? [{ path: source.path, line, rule: 'function-length', message: `${lines} lines, at most ${max}` }] : [],
  );
}

const NOT_FUNCTIONS = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await']);

/** Every function with a body in braces: after `=>`, or after a list of parameters that no keyword opens. */
function functionsOf(source: Source): { line: number; lines: number }[] {
  const code = codeWithoutTypes(source);
  const found: { line: number; lines: number }[] = [];
  const parentheses: number[] = [];
  const braces: { at: number; isFunction: boolean }[] = [];
  let opener = 0; // of the parentheses that closed last
  for (let index = 0; index < code.length; index += 1) {
    const char = code[index];
    if (char === '(') parentheses.push(index);
    if (char === ')') opener = parentheses.pop() ?? 0;
    if (char === '{') braces.push({ at: index, isFunction: opensFunction(code, index, opener) });
    if (char !== '}') continue;
    const brace = braces.pop();
    if (!brace?.isFunction) continue;
    found.push({ line: lineAt(code, brace.at), lines: lineAt(code, index) - lineAt(code, brace.at) + 1 });
  }
  return found;
}

function opensFunction(code: string, brace: number, opener: number): boolean {
  const before = code.slice(0, brace).trimEnd();
  if (before.endsWith('=>')) return true;
  if (!before.endsWith(')')) return false;
  return !NOT_FUNCTIONS.has(/([\w$]+)\s*$/.exec(code.slice(0, opener))?.[1] ?? '');
}

/** With the types blanked a return type no longer stands between parameters and body. What Node cannot strip (JSX) stays as it is. */
function codeWithoutTypes(source: Source): string {
  if (!/\.m?ts$/.test(source.path)) return source.code;
  try {
    return lex(stripTypeScriptTypes(source.text)).code;
  } catch {
    return source.code;
  }
}
