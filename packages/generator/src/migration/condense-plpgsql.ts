import type { Node } from 'libpg-query'
import { condenseStatement } from './condense-statement.ts'
import type { TreeSource } from './condense-writes.ts'
import type { Span, Statement } from './condensed.ts'
import { argumentTypes } from './function-name.ts'
import type { SqlParser } from './sql-parser.ts'
import { nameOf, strings } from './syntax-names.ts'
import { textPositions } from './text-position.ts'

interface Body {
  readonly parser: SqlParser
  readonly source: TreeSource
  /** The place of the whole statement, where nothing better is known. */
  readonly span: Span
  /** UTF-16 offset up to which the body's text has been matched with its queries. */
  cursor: number
}

const BRANCHES = new Set([
  'PLpgSQL_stmt_if',
  'PLpgSQL_stmt_case',
  'PLpgSQL_stmt_loop',
  'PLpgSQL_stmt_while',
  'PLpgSQL_stmt_fori',
  'PLpgSQL_stmt_fors',
  'PLpgSQL_stmt_forc',
  'PLpgSQL_stmt_foreach_a',
  'PLpgSQL_exception_block',
])

/**
 * A DO block: its data changes and settings, each at its place, and one "not interpreted" for what would
 * have to be run to be known (EXECUTE, changes of structure, another language).
 */
export function condenseDo(
  node: Node,
  parser: SqlParser,
  source: TreeSource,
  text: string,
  span: Span,
): Statement[] {
  if (!('DoStmt' in node)) return []
  const language = option(node.DoStmt.args, 'language')
  if (language !== undefined && language.toLowerCase() !== 'plpgsql') {
    return [{ kind: 'notInterpreted', reason: `a DO block in ${language}`, span }]
  }
  return condenseBody(parser, source, text, span, 'a DO block')
}

/** What a function does when it is called; our caller keeps it under the function's name. */
export function condenseFunction(
  node: Node,
  parser: SqlParser,
  source: TreeSource,
  text: string,
  span: Span,
): Statement[] {
  if (!('CreateFunctionStmt' in node)) return []
  const { funcname, options, parameters, sql_body, returnType } = node.CreateFunctionStmt
  const name = nameOf(strings(funcname))
  const change = { kind: 'changeFunction', function: name, span } as const
  // A trigger function cannot be called; whom it writes for is known at run time only.
  if (strings(returnType?.names).at(-1) === 'trigger') return [change]
  const what = `function ${name.name}`
  const language = option(options, 'language')?.toLowerCase() ?? 'sql'
  let body: Statement[]
  if (language === 'plpgsql') body = condenseBody(parser, source, text, span, what)
  else if (sql_body) body = withoutStructure(condenseStatement(sql_body, source, span), what, span)
  else if (language === 'sql') body = condenseSqlBody(option(options, 'as') ?? '', parser, source, span, what)
  else if (language === 'c' || language === 'internal') body = []
  else body = [{ kind: 'notInterpreted', reason: `${what} in ${language}`, span }]
  return [change, { kind: 'createFunction', function: name, arguments: argumentTypes(parameters), body }]
}

function condenseSqlBody(
  sql: string,
  parser: SqlParser,
  source: TreeSource,
  span: Span,
  what: string,
): Statement[] {
  const parsed = parser.parse(sql)
  if (!parsed.ok) return [{ kind: 'notInterpreted', reason: `${what} whose body does not parse`, span }]
  const within = inner(source, sql, span)
  const statements = parsed.statements.flatMap(({ node }) => condenseStatement(node, within, span))
  return withoutStructure(statements, what, span)
}

function condenseBody(
  parser: SqlParser,
  source: TreeSource,
  text: string,
  span: Span,
  what: string,
): Statement[] {
  const tree = parser.parsePlpgsql(text)
  if (tree === undefined)
    return [{ kind: 'notInterpreted', reason: `${what} whose body does not parse`, span }]
  const statements: Statement[] = []
  condenseTree(tree, { parser, source, span, cursor: source.start }, statements)
  return withoutStructure(statements, what, span)
}

/** A body's data changes and settings, and one "not interpreted" for all that is more than that. */
function withoutStructure(statements: Statement[], what: string, span: Span): Statement[] {
  const structure = takeStructure(statements)
  return structure === undefined
    ? statements
    : [...statements, { kind: 'notInterpreted', reason: `${what} that ${structure}`, span }]
}

/** Removes what a body does to tables and types (it may or may not happen) and says that there was some. */
function takeStructure(statements: Statement[]): string | undefined {
  let found: string | undefined
  for (let index = statements.length - 1; index >= 0; index--) {
    const statement = statements[index]
    if (statement?.kind === 'branch') {
      const inside = [...statement.body]
      found = takeStructure(inside) ?? found
      statements[index] = { kind: 'branch', body: inside }
    } else if (statement?.kind === 'notInterpreted') {
      found = statement.reason
      statements.splice(index, 1)
    } else if (statement && !['change', 'call', 'setting', 'resetSettings'].includes(statement.kind)) {
      found ??= 'changes the structure of the database'
      statements.splice(index, 1)
    }
  }
  return found
}

function condenseTree(tree: unknown, body: Body, into: Statement[]): void {
  if (Array.isArray(tree)) {
    for (const each of tree) condenseTree(each, body, into)
    return
  }
  if (typeof tree !== 'object' || tree === null) return
  for (const [key, value] of Object.entries(tree)) {
    if (key === 'datums') continue
    if (key === 'PLpgSQL_stmt_dynexecute' || key === 'PLpgSQL_stmt_dynfors') {
      into.push({
        kind: 'notInterpreted',
        reason: 'runs SQL that is put together at run time',
        span: body.span,
      })
    }
    if (key === 'PLpgSQL_stmt_rollback') {
      into.push({ kind: 'notInterpreted', reason: 'takes back what it did (ROLLBACK)', span: body.span })
    }
    if (key === 'PLpgSQL_expr') condenseQuery(value, body, into)
    else if (BRANCHES.has(key) || (key === 'PLpgSQL_stmt_block' && 'exceptions' in Object(value))) {
      const branch: Statement[] = []
      condenseTree(value, body, branch)
      if (branch.length > 0) into.push({ kind: 'branch', body: branch })
    } else condenseTree(value, body, into)
  }
}

function condenseQuery(expression: unknown, body: Body, into: Statement[]): void {
  if (typeof expression !== 'object' || expression === null || !('query' in expression)) return
  const { query } = expression
  if (typeof query !== 'string') return
  // The tree keeps `f(1)` of a PERFORM as `SELECT f(1)`, and expressions without their SELECT.
  const asStatement = 'parseMode' in expression && expression.parseMode === 0
  if (!asStatement && !query.includes('(')) return
  const sql = asStatement ? query : `SELECT ${query.replace(/^[^'"(]*:?=/, '')}`
  const parsed = body.parser.parse(sql)
  if (!parsed.ok) return
  const offset = findQuery(query, body)
  const source = inner(body.source, sql, body.span, asStatement ? offset : undefined)
  for (const { node } of parsed.statements) {
    for (const each of condenseStatement(node, source, body.span)) into.push(each)
  }
}

/** Where the query stands in the file; undefined in a body that is not written verbatim. */
function findQuery(query: string, body: Body): number | undefined {
  for (const text of [query, query.replace(/^SELECT /, '')]) {
    const at = body.source.text.indexOf(text, body.cursor)
    if (at === -1) continue
    body.cursor = at + text.length
    return at - (query.length - text.length)
  }
  return undefined
}

/** A tree whose text stands inside another's: places are in the file, or of the whole statement. */
function inner(source: TreeSource, text: string, span: Span, offset?: number): TreeSource {
  return {
    text,
    positions: textPositions(text),
    start: 0,
    place: (at, length) => (offset === undefined ? span : source.place(offset + at, length)),
  }
}

function option(options: readonly Node[] | undefined, name: string): string | undefined {
  for (const node of options ?? []) {
    if (!('DefElem' in node) || node.DefElem.defname !== name) continue
    const { arg } = node.DefElem
    if (arg && 'String' in arg) return arg.String.sval
    if (arg && 'List' in arg) return strings(arg.List.items)[0]
  }
  return undefined
}
