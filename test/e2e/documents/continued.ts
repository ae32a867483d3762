import { dirname, relative } from 'node:path'

export interface SourceFile {
  /** In the project. */
  readonly path: string
  readonly code: string
}

/**
 * What a block uses of its page's others, as imports in front of its first line, so that a page may go on where it was: what one of them imports,
 * and what one before it exports, unless it is made or imported here.
 */
export function importsOfPage({ path, code }: SourceFile, page: readonly SourceFile[]): string {
  const known = new Map<string, string>()
  for (const { code: other } of page) {
    for (const [, names = '', from = ''] of other.matchAll(
      /^import (?:type )?\{([^}]*)\} from '([^']+)'/gm,
    )) {
      for (const name of names.split(',')) known.set(name.trim().replace(/^type /, ''), from)
    }
  }
  for (const earlier of page.slice(
    0,
    page.findIndex((source) => source.path === path),
  )) {
    for (const [, names = ''] of earlier.code.matchAll(
      /^export (?:async )?(?:const|function|class) (\w+|\{[^}]*\})/gm,
    )) {
      for (const [name] of names.matchAll(/\w+/g)) known.set(name, specifier(path, earlier.path))
    }
  }
  return [...known]
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(code) && !isMade(name, code))
    .map(([name, from]) => `import { ${name} } from '${from}'; `)
    .join('')
}

function isMade(name: string, code: string): boolean {
  return (
    new RegExp(`^(export )?(const|let|function|class|async function) (\\{[^}]*)?\\b${name}\\b`, 'm').test(
      code,
    ) || new RegExp(`^import (type )?\\{[^}]*\\b${name}\\b`, 'm').test(code)
  )
}

function specifier(path: string, from: string): string {
  const found = relative(dirname(path), from)
  return found.startsWith('.') ? found : `./${found}`
}
