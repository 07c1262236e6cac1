/**
 * The oldest browsers that the scripted pages are made for; those below get the plain pages. Syntax is lowered to it by the build; the functions by
 * which a browser below it is told are in pages/target/main.ts.
 */
export const TARGET = ['chrome103', 'firefox112', 'safari16'];
