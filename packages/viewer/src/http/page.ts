import { page } from '../generated/page.ts'
import { SECURITY_HEADERS } from './refusal.ts'

/** Places of the page; all of them are the one document, which looks at its own address. */
export const PLACES = ['activity', 'record', 'transaction', 'chart', 'as-of']

export function pageDocument(basePath: string, title: string): Response {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="audit-viewer-base" content="${escaped(basePath)}">
<meta name="audit-viewer-title" content="${escaped(title)}">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${basePath}/assets/${page.style}">
<script type="module" src="${basePath}/assets/${page.script}"></script>
</head>
<body><div id="page"></div><noscript>This page needs JavaScript.</noscript></body>
</html>
`
  return new Response(html, {
    headers: {
      ...SECURITY_HEADERS,
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
    },
  })
}

/** A script or a style sheet: its name changes with its bytes. Undefined where there is none of that name. */
export function asset(name: string): Response | undefined {
  const found = Object.hasOwn(page.assets, name) ? page.assets[name] : undefined
  if (found === undefined) return undefined
  return new Response(found.body, {
    headers: {
      ...SECURITY_HEADERS,
      'Content-Type': found.type,
      'Cache-Control': 'private, max-age=31536000, immutable',
    },
  })
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
