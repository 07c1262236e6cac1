/** The document of the ops console; everything else is in its script, so that ops serves it as a plain file. */
export const opsDocument = (script: string, style: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Onsale · operations</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${style}">
</head>
<body class="page-ops">
<div id="root"></div>
<noscript><p class="card narrow">The console needs JavaScript.</p></noscript>
<script type="module" src="${script}"></script>
</body>
</html>
`;
