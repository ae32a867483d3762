export type ScannedConfig =
  /** `path` as written; undefined where the text surely names none. */
  | { readonly sure: true; readonly path: string | undefined }
  | { readonly sure: false; readonly path: string | undefined }

/**
 * Reads `migrations: { path: '…' }` out of a Prisma configuration's text, without running it: most say it
 * with one plain string, and loading a configuration costs a quarter of a second. `sure` is false where only
 * running it can tell; `path` is then the best guess.
 */
export function scanPrismaConfig(text: string): ScannedConfig {
  const code = withoutComments(text)
  // The word is usual inside the path itself ('prisma/migrations'): only keys count.
  const mentions = withoutValues(code).match(/\bmigrations\b(?=['"]?\s*[:,}])/g)?.length ?? 0
  const found = [...code.matchAll(/\bmigrations['"]?\s*:\s*\{([^{}]*)\}/g)]
  const [body] = found.map((match) => match[1] ?? '')
  const path = /(?:^|[,\s])['"]?path['"]?\s*:\s*(?:'([^'\\\n]*)'|"([^"\\\n]*)"|`([^`\\$]*)`)\s*(?:,|$)/.exec(
    body?.trim() ?? '',
  )
  const written = path?.[1] ?? path?.[2] ?? path?.[3]
  if (!isPlain(code, 'migrations')) return { sure: false, path: written }
  if (mentions === 0) return { sure: true, path: undefined }
  if (mentions !== 1 || found.length !== 1) return { sure: false, path: written }
  const hasPath = /\bpath\b/.test(body ?? '')
  return { sure: written !== undefined || !hasPath, path: written === '' ? undefined : written }
}

/** The same for `schema: '…'` of the configuration itself. */
export function scanSchemaPath(text: string): ScannedConfig {
  const code = withoutComments(text)
  const mentions = withoutValues(code).match(/\bschema\b(?=['"]?\s*[:,}])/g)?.length ?? 0
  const found = /\bschema['"]?\s*:\s*(?:'([^'\\\n]*)'|"([^"\\\n]*)"|`([^`\\$]*)`)\s*[,}]/.exec(code)
  const written = found?.[1] ?? found?.[2] ?? found?.[3]
  if (!isPlain(code, 'schema')) return { sure: false, path: written }
  if (mentions === 0) return { sure: true, path: undefined }
  const before = withoutValues(code.slice(code.search(/export\s+default\b/), found?.index ?? 0))
  const depth = before.split('{').length - before.split('}').length
  return {
    sure: mentions === 1 && depth === 1 && Boolean(written),
    path: written === '' ? undefined : written,
  }
}

/** Spread, a computed key or a configuration made elsewhere may hide anything. */
function isPlain(code: string, key: string): boolean {
  return (
    !/\.\.\.|\[\s*['"`]/.test(code) &&
    !new RegExp(`\\b${key}\\s*=`).test(code) &&
    /export\s+default\s*(?:defineConfig\s*\(\s*)?\{/.test(code)
  )
}

/** Strings emptied, but for those that are keys. */
function withoutValues(code: string): string {
  return code.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)(\s*:)?/g,
    (_, string: string, colon: string | undefined) => (colon === undefined ? '""' : string + colon),
  )
}

/** Comments out, strings kept: `//` inside a string (a URL) is none. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_, string: string | undefined) => string ?? ' ',
  )
}
