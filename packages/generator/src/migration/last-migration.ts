import type { QualifiedName } from '../model/names.ts'
import type { LastMigration } from '../model/source-database.ts'
import type { Statement, TableCommand, WrittenName } from './condensed.ts'
import type { CondensedMigration } from './fold-migrations.ts'

/**
 * What the last migration's own statements touch, without its audit part. A name without a schema is taken for one
 * in `defaultSchema`.
 */
export function lastMigration(
  last: CondensedMigration | undefined,
  defaultSchema = 'public',
): { readonly last?: LastMigration } {
  if (last === undefined) return {}
  const own = last.condensed.statements.slice(0, last.condensed.own)
  const name = ({ schema, name }: WrittenName): QualifiedName => ({ schema: schema ?? defaultSchema, name })
  const transactionEnds = own.flatMap((statement) => {
    if (statement.kind !== 'endTransaction') return []
    const [line, column, length] = statement.span
    return [{ file: last.path, line, column, length }]
  })
  return { last: { touched: own.flatMap(touches).map(name), transactionEnds } }
}

/** The other table of what makes a partition or an heir of one. */
function alsoTouched(command: TableCommand): readonly WrittenName[] {
  switch (command.do) {
    case 'attach':
    case 'detach':
    case 'inherit':
    case 'noInherit':
      return [command.table]
    default:
      return []
  }
}

function touches(statement: Statement): readonly WrittenName[] {
  switch (statement.kind) {
    case 'createTable':
    case 'renameColumn':
    case 'renameConstraint':
    case 'createIndex':
      return [statement.table]
    case 'alterTable':
      return [statement.table, ...statement.commands.flatMap(alsoTouched)]
    case 'renameTable':
      return [statement.table, { ...statement.table, name: statement.to }]
    case 'moveTable':
      return [statement.table, { schema: statement.schema, name: statement.table.name }]
    case 'drop':
      return statement.what === 'table' ? statement.names : []
    case 'createSchema':
      return statement.elements.flatMap(touches).map((each) => ({ schema: statement.schema, ...each }))
    case 'branch':
      return statement.body.flatMap(touches)
    default:
      return []
  }
}
