import type { Interference } from '../model/source-database.ts'
import type { Span, Statement, TableCommand, WrittenName } from './condensed.ts'
import { type FoldState, find, newName, placeOf } from './fold-state.ts'

type Found = Omit<Interference, 'migration' | 'place'>

/**
 * Records what a statement of the application's does to the audit's own objects. Called before the statement is folded,
 * while its names still mean what they mean to it.
 */
export function foldInterferences(state: FoldState, statement: Statement): void {
  if (!('span' in statement)) return
  for (const found of interferences(state, statement)) record(state, found, statement.span)
}

function record(state: FoldState, found: Found, span: Span): void {
  state.interferences.push({ ...found, migration: state.file.name, place: placeOf(state, span) })
}

function interferences(state: FoldState, statement: Statement): readonly Found[] {
  const { auditSchema } = state
  const isOwn = (name: WrittenName) => newName(state, name).schema === auditSchema
  const own = ({ name }: { readonly name: string }) => ({ schema: auditSchema, name })
  switch (statement.kind) {
    case 'drop': {
      const { what, names } = statement
      if (what === 'schema') {
        const dropped = names.filter(({ name }) => name === auditSchema)
        return dropped.map((name) => ({ kind: 'schema dropped', target: own(name) }))
      }
      if (what !== 'function' && what !== 'table') return []
      const kind = what === 'function' ? 'function dropped' : 'audit table dropped'
      return names.filter(isOwn).map((name) => ({ kind, target: own(name) }))
    }
    case 'renameSchema': {
      const { from: name, to } = statement
      return [name, to].includes(auditSchema) ? [{ kind: 'schema renamed', target: own({ name }), to }] : []
    }
    case 'changeFunction': {
      const { function: changed } = statement
      return isOwn(changed) ? [{ kind: 'function changed', target: own(changed) }] : []
    }
    case 'renameFunction': {
      const { function: renamed, to } = statement
      if (!isOwn(renamed)) return []
      return [{ kind: 'function renamed', target: own(renamed), to: 'name' in to ? to.name : to.schema }]
    }
    case 'renameTrigger': {
      const { from: trigger, to } = statement
      const target = find(state, state.tables, statement.table)
      return target ? [{ kind: 'trigger renamed', target: nameOf(target), trigger, to }] : []
    }
    case 'renameTable': {
      const { table, to } = statement
      return isOwn(table) ? [{ kind: 'audit table renamed', target: own(table), to }] : []
    }
    case 'renameColumn': {
      const { table, from: column, to } = statement
      return isOwn(table) ? [{ kind: 'audit column renamed', target: own(table), column, to }] : []
    }
    case 'alterTable': {
      const target = find(state, state.tables, statement.table)
      if (target === undefined) return []
      const ofCommand = (command: TableCommand) =>
        target.schema === auditSchema ? [...ofTriggers(command), ...ofColumn(command)] : ofTriggers(command)
      return statement.commands.flatMap(ofCommand).map((each) => ({ ...each, target: nameOf(target) }))
    }
    case 'replicationRole':
      return [
        {
          kind: statement.isReplica ? 'triggers silenced' : 'triggers heard',
          target: own({ name: auditSchema }),
          ...(statement.local ? { isLocal: true } : {}),
        },
      ]
    default:
      return []
  }
}

function ofTriggers(command: TableCommand): readonly Omit<Found, 'target'>[] {
  if (command.do !== 'disableTriggers' && command.do !== 'enableTriggers') return []
  const { trigger } = command
  const kind = command.do === 'disableTriggers' ? 'triggers disabled' : 'triggers enabled'
  return [trigger === undefined ? { kind } : { kind, trigger }]
}

function ofColumn(command: TableCommand): readonly Omit<Found, 'target'>[] {
  if (command.do === 'dropColumn') return [{ kind: 'audit column dropped', column: command.column }]
  return command.do === 'addColumn' ? [{ kind: 'audit column added', column: command.column.name }] : []
}

function nameOf({ schema, name }: Interference['target']): Interference['target'] {
  return { schema, name }
}
