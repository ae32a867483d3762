import type { Node } from 'libpg-query'

/** One top-level statement with its offset in bytes of the text's UTF-8 form. */
export interface ParsedStatement {
  readonly node: Node
  readonly byte: number
  /** Its length in bytes, without the semicolon; undefined where it goes on to the end of the text. */
  readonly bytes: number | undefined
}

export type Parsed =
  | { readonly ok: true; readonly statements: readonly ParsedStatement[] }
  /** `character`: where PostgreSQL stopped, counted in characters (not bytes) from 0. */
  | { readonly ok: false; readonly message: string; readonly character: number }

/** PostgreSQL 18's own parser. Starting it costs about 60 ms, so it is loaded where it is needed only. */
export interface SqlParser {
  parse(text: string): Parsed
  /** The tree of a DO block or a CREATE FUNCTION statement in PL/pgSQL; undefined where it does not parse. */
  parsePlpgsql(text: string): unknown
}

let loading: Promise<SqlParser> | undefined

/** Loads the parser, once a process. */
export function loadSqlParser(): Promise<SqlParser> {
  loading ??= load()
  return loading
}

async function load(): Promise<SqlParser> {
  const { hasSqlDetails, loadModule, parsePlPgSQLSync, parseSync } = await import('libpg-query')
  await loadModule()
  return {
    parse(text) {
      // The parser reads a C string and would stop at a NUL in silence; PostgreSQL refuses such a file.
      const nul = text.indexOf('\0')
      if (nul !== -1) {
        return { ok: false, message: 'a NUL character', character: [...text.slice(0, nul)].length }
      }
      if (text === '') return { ok: true, statements: [] }
      try {
        const statements: ParsedStatement[] = []
        for (const raw of parseSync(text).stmts ?? []) {
          const { stmt: node, stmt_location: byte = 0, stmt_len: bytes } = raw
          if (node) statements.push({ node, byte, bytes: bytes || undefined })
        }
        return { ok: true, statements }
      } catch (error) {
        const character = hasSqlDetails(error) ? (error.sqlDetails?.cursorPosition ?? 0) : 0
        return { ok: false, message: error instanceof Error ? error.message : String(error), character }
      }
    },
    parsePlpgsql(text) {
      try {
        return parsePlPgSQLSync(text)
      } catch {
        return undefined
      }
    },
  }
}
