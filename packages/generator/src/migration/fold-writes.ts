import type { QualifiedName } from '../model/names.ts'
import type { Change, Span, Statement } from './condensed.ts'
import { functionsCalled } from './fold-functions.ts'
import {
  type FoldedTable,
  type FoldState,
  find,
  isInAuditSchema,
  newName,
  placeOf,
  quote,
  report,
} from './fold-state.ts'

/** The settings `audit.*` that are in force at a point of a file: for the transaction, or for the session. */
export interface SettingsInForce {
  readonly local: ReadonlySet<string>
  readonly session: ReadonlySet<string>
}

export const NO_SETTINGS: SettingsInForce = { local: new Set(), session: new Set() }

/** Records data changes, and gives the settings that are in force after the statement. */
export function foldWrites(
  state: FoldState,
  statement: Statement,
  settings: SettingsInForce,
): SettingsInForce {
  switch (statement.kind) {
    case 'change':
      recordChange(state, statement, settings)
      return settings
    case 'call':
      return foldCall(state, statement, settings)
    case 'prepare':
      state.prepared.set(statement.name, statement.body)
      return settings
    case 'execute': {
      const body = state.prepared.get(statement.name)
      if (body) foldBody(state, body, statement.span, settings)
      else report(state, `EXECUTE ${statement.name}, which this file does not PREPARE`, statement.span)
      return settings
    }
    case 'setting':
      return foldSetting(statement, settings)
    case 'resetSettings':
      return NO_SETTINGS
    case 'endTransaction':
      return { local: new Set(), session: settings.session }
    case 'branch': {
      let inside = settings
      for (const each of statement.body) inside = foldWrites(state, each, inside)
      return settings
    }
    default:
      return settings
  }
}

function foldSetting(
  { setting, local, isSet }: Extract<Statement, { kind: 'setting' }>,
  settings: SettingsInForce,
): SettingsInForce {
  if (!setting.startsWith('audit.')) return settings
  const name = setting.slice('audit.'.length)
  const change = (names: ReadonlySet<string>) =>
    new Set(isSet ? [...names, name] : [...names].filter((each) => each !== name))
  if (local) return { ...settings, local: change(settings.local) }
  return { local: isSet ? settings.local : change(settings.local), session: change(settings.session) }
}

/** A function's body runs where the function is called; of several of one name, whichever is meant. */
function foldCall(
  state: FoldState,
  { function: called, span }: Extract<Statement, { kind: 'call' }>,
  settings: SettingsInForce,
): SettingsInForce {
  const setContext = state.sharedSchema ? 'audit_set_context' : 'set_context'
  if (called.name === setContext && called.schema === state.auditSchema) {
    return { ...settings, local: new Set([...settings.local, '*']) }
  }
  for (const each of functionsCalled(state, called)) {
    if (state.running.has(each)) continue
    state.running.add(each)
    foldBody(state, each.body, span, settings)
    state.running.delete(each)
  }
  return settings
}

function foldBody(state: FoldState, body: readonly Statement[], span: Span, settings: SettingsInForce): void {
  let inside = settings
  for (const each of body) {
    if (each.kind === 'branch') foldBody(state, each.body, span, inside)
    else if (each.kind === 'notInterpreted') report(state, each.reason, span, each.text)
    else inside = foldWrites(state, 'span' in each ? { ...each, span } : each, inside)
  }
}

function recordChange(state: FoldState, change: Change, settings: SettingsInForce): void {
  const table = find(state, state.tables, change.table)
  const target = table ?? newName(state, change.table)
  if (!table && find(state, state.views, change.table)) {
    report(state, `${change.verb} through the view ${target.name}`, change.span, quote(target.name))
    return
  }
  if (table?.hidden || isInAuditSchema(state, target)) return
  const settingsBefore = [...new Set([...settings.session, ...settings.local])].sort()
  const record = (verb: Change['verb'], { schema, name }: QualifiedName) =>
    state.dataChanges.push({
      verb,
      table: { schema, name },
      place: placeOf(state, change.span),
      migration: state.file.name,
      settingsBefore,
    })
  record(change.verb, target)
  if (!table) return
  const seen = new Set([table])
  for (const [affected, verb] of cascades(state, table, change, seen)) record(verb, affected)
}

/** Rows of other tables that foreign keys and partitions change along with this statement. */
function cascades(
  state: FoldState,
  table: FoldedTable,
  change: Pick<Change, 'verb' | 'columns' | 'cascade'>,
  seen: Set<FoldedTable>,
): [FoldedTable, Change['verb']][] {
  const found: [FoldedTable, Change['verb']][] = []
  for (const child of state.tables.values()) {
    if (seen.has(child)) continue
    const reaction = reactionOf(child, table, change)
    if (!reaction) continue
    seen.add(child)
    found.push([child, reaction.verb], ...cascades(state, child, reaction, seen))
  }
  return found
}

function reactionOf(
  child: FoldedTable,
  table: FoldedTable,
  { verb, columns, cascade }: Pick<Change, 'verb' | 'columns' | 'cascade'>,
): Pick<Change, 'verb' | 'columns' | 'cascade'> | undefined {
  for (const key of child.foreignKeys) {
    if (key.table !== table) continue
    if (verb === 'TRUNCATE' && cascade) return { verb, cascade }
    const isKeyChange = verb === 'UPDATE' && (columns?.some((name) => key.referenced.includes(name)) ?? true)
    const action = verb === 'DELETE' || verb === 'MERGE' ? key.onDelete : isKeyChange ? key.onUpdate : 'a'
    if (action === 'c' && verb !== 'UPDATE') return { verb: 'DELETE', cascade: false }
    if (action !== 'a' && action !== 'r') return { verb: 'UPDATE', columns: key.columns, cascade: false }
  }
  return undefined
}
