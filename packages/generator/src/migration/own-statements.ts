import type { MigrationStep } from '../state/migration-step.ts'
import { parseHeaders } from '../state/part-header.ts'
import type { CreateTable, Span } from './condensed.ts'

/**
 * What the audit parts of a file do to tables, from their headers alone: they make audit tables. Undefined where a part
 * was edited or cannot be read, so that its SQL has to tell.
 */
export function ownStatements(text: string): readonly CreateTable[] | undefined {
  const { parts, problems } = parseHeaders(text)
  if (parts.length === 0 || problems.length > 0 || parts.some(({ isIntact }) => !isIntact)) return undefined
  return parts.flatMap(({ steps, line }) => steps.flatMap((step) => madeTables(step, [line, 1, 1])))
}

function madeTables(step: MigrationStep, span: Span): readonly CreateTable[] {
  switch (step.kind) {
    case 'createAuditTable':
      return [createTable(step.table.schema, step.table.names.table, span)]
    case 'renameObjects':
      return [createTable(step.schema, step.names.table, span)]
    default:
      return []
  }
}

function createTable(schema: string, name: string, span: Span): CreateTable {
  return {
    kind: 'createTable',
    table: { schema, name },
    ifNotExists: true,
    temporary: false,
    elements: [],
    inherits: [],
    isPartition: false,
    partitioned: false,
    foreignKeys: [],
    notNull: [],
    span,
  }
}
