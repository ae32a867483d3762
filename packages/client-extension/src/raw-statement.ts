/**
 * Statements that no capture trigger can see and that a transaction of ours would break or change: those that
 * PostgreSQL refuses inside a transaction, and those that must come before a transaction's first snapshot.
 * The first list is PreventInTransactionBlock's callers in PostgreSQL 18.
 */
const refusesTransaction =
  /^(?:vacuum|cluster|reindex|discard\s+all|alter\s+(?:system|database)|(?:create|drop)\s+(?:database|tablespace)|create\s+(?:unique\s+)?index\s+concurrently|drop\s+index\s+concurrently|(?:create|alter|drop)\s+subscription|(?:commit|rollback)\s+prepared)\b/i
const detachesConcurrently = /^alter\s+table\b.*\bdetach\s+partition\b.*\bconcurrently\b/is
const precedesSnapshot = /^(?:set|lock|show)\b/i
const endsTransaction = /^(?:commit|rollback|end|abort)\b/i
const endsSomewhere = /\b(?:commit|rollback|end|abort)\b/i
const startsWithWord = /^\w/
const secondStatement = /;\s*\S/
/** Literals, quoted identifiers and comments of a line, as far as no backslash is in them; what is dollar-quoted, where no identifier begins before it. */
const quoted =
  /'(?:[^'\\]|'')*'|"(?:[^"]|"")*"|--[^\n]*|(?<![\w$\u0080-\uffff])\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$/g
const stillQuoted = /['"\\]|\$\w*\$|\/\*/
/** Longer ones are taken for several: the expressions above are not made for them. */
const longest = 10_000

/**
 * - `unwrapped`: is to be sent just as it is, with no settings before it
 * - `one`: surely one statement
 * - `several`: perhaps several in one text, which cannot be sent with bind parameters before them; one of them may write. With
 *   values of its own a text is one statement, for PostgreSQL takes no other
 */
export type RawForm = 'unwrapped' | 'one' | 'several'

/**
 * What a raw call is about to send. Its text is asked for once, since Prisma makes it anew each time.
 *
 * @param args the arguments of `$queryRaw`, `$executeRaw`, their Unsafe forms or `$queryRawTyped`, as a query hook gets them
 */
export function rawForm(args: unknown): RawForm {
  const text = statementText(args)
  const statement = withoutLeadingComments(text)
  const isSeveral = !hasValues(args) && mayHoldSeveral(text)
  if (isSeveral && secondStatement.test(statement)) return 'several'
  if (
    refusesTransaction.test(statement) ||
    detachesConcurrently.test(statement) ||
    precedesSnapshot.test(statement)
  )
    return 'unwrapped'
  return isSeveral ? 'several' : 'one'
}

/** Whether a raw call may end the transaction that it runs in, or roll back to a savepoint that is older than the settings. */
export function mayUndoSettings(args: unknown): boolean {
  const text = statementText(args)
  return (
    endsTransaction.test(withoutLeadingComments(text)) || (mayHoldSeveral(text) && endsSomewhere.test(text))
  )
}

/** Whether there may be a second statement in a text: one that only stands in a literal, or in the body of a DO, is none. */
export function mayHoldSeveral(text: string): boolean {
  if (!secondStatement.test(text)) return false
  if (text.length > longest) return true
  const rest = text.replace(quoted, "''")
  return stillQuoted.test(rest.replaceAll("''", '')) || secondStatement.test(rest)
}

function hasValues(args: unknown): boolean {
  if (Array.isArray(args)) return args.length > 1
  const values: unknown = typeof args === 'object' && args !== null ? Reflect.get(args, 'values') : undefined
  return Array.isArray(values) && values.length > 0
}

function statementText(args: unknown): string {
  const text: unknown = Array.isArray(args)
    ? args[0]
    : typeof args === 'object' && args !== null
      ? Reflect.get(args, 'sql')
      : undefined
  return typeof text === 'string' ? text : ''
}

/** A scan rather than an expression, so that a long run of comments costs linear time. Block comments nest. */
export function withoutLeadingComments(text: string): string {
  if (startsWithWord.test(text)) return text
  const mark = /\/\*|\*\//g
  let start = 0
  for (;;) {
    start += text.slice(start).search(/\S|$/)
    if (text.startsWith('--', start)) {
      const end = text.indexOf('\n', start)
      if (end < 0) return ''
      start = end + 1
    } else if (text.startsWith('/*', start)) {
      mark.lastIndex = start
      let depth = 0
      do {
        const found = mark.exec(text)
        if (found === null) return ''
        depth += found[0] === '/*' ? 1 : -1
        start = mark.lastIndex
      } while (depth > 0)
    } else {
      return text.slice(start)
    }
  }
}
