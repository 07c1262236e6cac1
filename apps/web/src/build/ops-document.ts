import { refusals } from '../html/api-pages.ts';

/** The documents of the operators' origin, which ops serves as plain files. Everything of the console is in its script. */
export const opsDocument = (script: string, style: string): string =>
  document('Onsale · operations', [style], `<div id="root"></div>
<noscript><p class="card narrow">The console needs JavaScript.</p></noscript>
<script type="module" src="${script}"></script>`);

/** `/problems`: what the `type` of a problem leads to there. */
export const opsProblems = (styles: readonly string[]): string => document('Onsale · refusals', styles, `<main>${refusals().html}</main>`);

const document = (title: string, styles: readonly string[], body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
${styles.map((style) => `<link rel="stylesheet" href="${style}">`).join('\n')}
</head>
<body class="page-ops">
${body}
</body>
</html>
`;
