import type { Node } from 'libpg-query'
import { AUDIT_PART } from './condense-file.ts'
import { loadSqlParser } from './sql-parser.ts'
import { skipBlank } from './sql-text.ts'

/**
 * Why a migration that failed half-way must not simply be run again; undefined where it may be. PostgreSQL takes a file
 * back as a whole unless a statement in it commits, or runs outside of transactions. An audit part alone may always be run
 * again: each of its sections is made for that.
 *
 * @param text of migration.sql
 */
export async function whyNotRepeatable(text: string): Promise<string | undefined> {
  const parsed = (await loadSqlParser()).parse(text)
  if (!parsed.ok) return 'it cannot be read'
  const auditPart = AUDIT_PART.exec(text)?.index
  if (auditPart !== undefined && skipBlank(text, 0) >= auditPart) return undefined
  const nodes = parsed.statements.map(({ node }) => node)
  if (nodes.some(isTransactionEnd)) return 'it holds COMMIT, and what stands before that is done'
  // Beside other statements PostgreSQL refuses all of these.
  const [only, ...others] = nodes
  const reason = only === undefined || others.length > 0 ? undefined : outsideTransaction(only)
  return reason === undefined ? undefined : `it holds ${reason}`
}

/**
 * Whether a migration must hold nothing but its one statement: PostgreSQL runs it outside of transactions only, or it
 * commits by itself, which beside other statements is refused.
 *
 * @param text of migration.sql without audit part
 */
export async function standsAlone(text: string): Promise<boolean> {
  const parsed = (await loadSqlParser()).parse(text)
  if (!parsed.ok) return false
  const [only, ...others] = parsed.statements
  if (only === undefined || others.length > 0) return false
  // A block that says neither word commits nothing of its own.
  if ('DoStmt' in only.node) return /\b(commit|rollback)\b/i.test(text)
  return outsideTransaction(only.node) !== undefined
}

function isTransactionEnd(node: Node): boolean {
  if (!('TransactionStmt' in node)) return false
  const { kind } = node.TransactionStmt
  return kind !== 'TRANS_STMT_BEGIN' && kind !== 'TRANS_STMT_START'
}

function outsideTransaction(node: Node): string | undefined {
  if ('IndexStmt' in node && node.IndexStmt.concurrent) return 'CREATE INDEX CONCURRENTLY'
  if ('DropStmt' in node && node.DropStmt.concurrent) return 'DROP INDEX CONCURRENTLY'
  if ('ReindexStmt' in node) return 'REINDEX'
  if ('VacuumStmt' in node) return 'VACUUM'
  if ('CallStmt' in node) return 'CALL, which may commit'
  if ('DoStmt' in node) return 'a DO block, which may commit'
  return undefined
}
