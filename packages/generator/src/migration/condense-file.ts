import { inAdded } from '../state/added-statements.ts'
import { condenseDo, condenseFunction } from './condense-plpgsql.ts'
import { condenseStatement } from './condense-statement.ts'
import type { CondensedFile, Statement } from './condensed.ts'
import { ownStatements } from './own-statements.ts'
import type { SqlParser } from './sql-parser.ts'
import { skipBlank } from './sql-text.ts'
import { textPositions } from './text-position.ts'

/** The first line of our own part of a migration; everything after it is ours. */
export const AUDIT_PART = /^-- prisma-generator-audit v\d+ /m

/**
 * Reads one migration's text into what the fold needs. Never throws: what cannot be read is reported in it. Audit parts
 * that are as they were generated are taken from their headers: parsing them would take most of the time.
 */
export function condenseFile(text: string, parser: SqlParser): CondensedFile {
  const auditPart = AUDIT_PART.exec(text)?.index
  const known = auditPart === undefined ? undefined : ownStatements(text)
  if (known === undefined) return condenseText(text, auditPart ?? Number.POSITIVE_INFINITY, parser)
  const { statements } = condenseText(text.slice(0, auditPart), Number.POSITIVE_INFINITY, parser)
  return { statements: [...statements, ...known], own: statements.length }
}

function condenseText(text: string, auditPart: number, parser: SqlParser): CondensedFile {
  const positions = textPositions(text)
  const parsed = parser.parse(text)
  if (!parsed.ok) {
    const span = positions.span(positions.fromCharacters(parsed.character))
    const reason = `the file does not parse: ${parsed.message}`
    return { statements: [{ kind: 'notInterpreted', reason, span, text }], own: 1 }
  }
  const isAdded = inAdded(text)
  const statements: Statement[] = []
  let own = 0
  parsed.statements.forEach(({ node, byte, bytes }, index) => {
    const start = skipBlank(text, positions.fromBytes(byte))
    const nextByte = parsed.statements[index + 1]?.byte
    const end = nextByte === undefined ? text.length : positions.fromBytes(nextByte)
    const span = positions.span(start, end - start)
    const source = { text, positions, start, place: positions.span }
    const isOurs = start >= auditPart
    const whole = text.slice(start, bytes === undefined ? text.length : positions.fromBytes(byte + bytes))
    const add = (found: readonly Statement[]) => {
      for (const each of found) {
        if (!(isAdded(start) && ofObjects(each))) statements.push(withText(each, whole))
      }
    }
    if ('DoStmt' in node || 'CreateFunctionStmt' in node) {
      // Our own functions and blocks are known: they write audit tables only.
      if (isOurs) return
      add(condenseDo(node, parser, source, whole, span))
      add(condenseFunction(node, parser, source, whole, span))
    } else add(condenseStatement(node, source, span))
    if (!isOurs) own = statements.length
  })
  return { statements, own }
}

/** What the audit itself adds among Prisma's statements changes its own objects; what it sets there counts. */
function ofObjects({ kind }: Statement): boolean {
  return kind === 'changeFunction' || kind === 'renameFunction' || kind === 'renameTrigger' || kind === 'drop'
}

/** Gives what is not interpreted the text that it stands in: the names in it say what it may concern. */
function withText(statement: Statement, text: string): Statement {
  switch (statement.kind) {
    case 'notInterpreted':
      return { ...statement, text }
    case 'createFunction':
    case 'prepare':
    case 'branch':
      return { ...statement, body: statement.body.map((each) => withText(each, text)) }
    default:
      return statement
  }
}
