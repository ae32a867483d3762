import type { FuncCall, Node, RangeVar, UpdateStmt } from 'libpg-query'
import type { DataVerb, Span, Statement } from './condensed.ts'
import { endOfName, startOfVerb } from './sql-text.ts'
import { nameOf, relationName, strings } from './syntax-names.ts'
import type { TextPositions } from './text-position.ts'

/** Where a tree came from: its text, and how an offset in it becomes a place in the file. */
export interface TreeSource {
  readonly text: string
  readonly positions: TextPositions
  /** UTF-16 offset at which the statement starts. */
  readonly start: number
  readonly place: (offset: number, length: number) => Span
}

/** Bodies that are stored, not run, where the statement stands. */
const STORED = new Set(['CreateFunctionStmt', 'RuleStmt', 'ViewStmt', 'CreateTrigStmt', 'CreatePolicyStmt'])

/**
 * The data changes, settings and function calls of one statement, wherever in it they stand (in a
 * WITH part, for one), in the order: changes, calls, settings. Settings come last because PostgreSQL
 * promises no order inside a statement.
 */
export function condenseWrites(root: Node, source: TreeSource): Statement[] {
  const changes: Statement[] = []
  const calls = new Map<string, Statement>()
  const stack: unknown[] = [root]
  while (stack.length > 0) {
    const value = stack.pop()
    if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index--) stack.push(value[index])
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (typeof inner !== 'object' || inner === null || STORED.has(key)) continue
        stack.push(inner)
        if (key === 'ExecuteStmt') changes.push(condenseExecute({ ExecuteStmt: inner }, source))
        if (key in WRITES || key === 'FuncCall' || key === 'funccall') {
          const node = { [key === 'funccall' ? 'FuncCall' : key]: inner } as Node
          if ('FuncCall' in node) condenseCall(node.FuncCall, source, calls)
          else changes.push(...condenseChange(node, source))
        }
      }
    }
  }
  return [...changes, ...calls.values(), ...condenseSettings(root)]
}

const WRITES: Readonly<Record<string, DataVerb>> = {
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
  CopyStmt: 'COPY',
  TruncateStmt: 'TRUNCATE',
}

function condenseChange(node: Node, source: TreeSource): Statement[] {
  if ('InsertStmt' in node) return [change('INSERT', node.InsertStmt.relation, source)]
  if ('UpdateStmt' in node) {
    return [
      { ...change('UPDATE', node.UpdateStmt.relation, source), columns: updatedColumns(node.UpdateStmt) },
    ]
  }
  if ('DeleteStmt' in node) return [change('DELETE', node.DeleteStmt.relation, source)]
  if ('MergeStmt' in node) return [change('MERGE', node.MergeStmt.relation, source)]
  if ('CopyStmt' in node) {
    return node.CopyStmt.is_from ? [change('COPY', node.CopyStmt.relation, source)] : []
  }
  if (!('TruncateStmt' in node)) return []
  const cascade = node.TruncateStmt.behavior === 'DROP_CASCADE'
  return (node.TruncateStmt.relations ?? []).map((relation) => ({
    ...change('TRUNCATE', 'RangeVar' in relation ? relation.RangeVar : undefined, source),
    cascade,
  }))
}

function change(verb: DataVerb, relation: RangeVar | undefined, source: TreeSource) {
  const table = source.positions.fromBytes(relation?.location ?? 0)
  const start = startOfVerb(source.text, table, source.start)
  const length = endOfName(source.text, table) - start
  return {
    kind: 'change' as const,
    verb,
    table: relationName(relation),
    cascade: false,
    span: source.place(start, length),
  }
}

function condenseExecute(
  { ExecuteStmt: { name = '' } }: Extract<Node, { ExecuteStmt: unknown }>,
  source: TreeSource,
): Statement {
  const end = source.text.indexOf(';', source.start)
  const length = (end === -1 ? source.text.length : end) - source.start
  return { kind: 'execute', name, span: source.place(source.start, length) }
}

function updatedColumns(statement: UpdateStmt): string[] {
  return (statement.targetList ?? []).flatMap((node) =>
    'ResTarget' in node ? [node.ResTarget.name ?? ''] : [],
  )
}

/** PostgreSQL's own, which rows of data call by the thousand. They change no rows. */
const BUILT_IN = new Set(
  `now clock_timestamp statement_timestamp transaction_timestamp timeofday random gen_random_uuid nextval setval currval
  lastval pg_get_serial_sequence set_config current_setting`.split(/\s+/),
)

/** Keeps a call, once a statement for each function: what it does there it does at one place. */
function condenseCall(call: FuncCall, source: TreeSource, calls: Map<string, Statement>): void {
  const called = nameOf(strings(call.funcname))
  if (called.schema === 'pg_catalog' || (called.schema === undefined && BUILT_IN.has(called.name))) return
  const key = JSON.stringify([called.schema, called.name])
  if (calls.has(key)) return
  const start = source.positions.fromBytes(call.location ?? 0)
  const span = source.place(start, endOfName(source.text, start) - start)
  calls.set(key, { kind: 'call', function: called, span })
}

/** `SELECT set_config('name', 'value', local), …` with nothing that could keep it from running. */
function condenseSettings(node: Node): Statement[] {
  if (!('SelectStmt' in node)) return []
  const { fromClause, whereClause, havingClause, limitCount, limitOffset, targetList } = node.SelectStmt
  if (fromClause || whereClause || havingClause || limitCount || limitOffset) return []
  return (targetList ?? []).flatMap((target) => {
    const value = 'ResTarget' in target ? target.ResTarget.val : undefined
    return value && 'FuncCall' in value ? condenseSetConfig(value.FuncCall) : []
  })
}

function condenseSetConfig(call: FuncCall): Statement[] {
  const name = nameOf(strings(call.funcname))
  if (name.name !== 'set_config' || (name.schema ?? 'pg_catalog') !== 'pg_catalog') return []
  const [setting, value, local] = call.args ?? []
  const written = setting && 'A_Const' in setting ? setting.A_Const.sval?.sval?.toLowerCase() : undefined
  if (written === undefined) return []
  const isLocal = local !== undefined && 'A_Const' in local && local.A_Const.boolval?.boolval === true
  // PostgreSQL knows no difference between an absent and an empty setting; neither do our functions.
  const constant = value && 'A_Const' in value ? value.A_Const : undefined
  const isSet =
    constant === undefined ||
    (!constant.isnull && constant.sval?.sval !== '' && constant.sval?.sval !== undefined)
  return [{ kind: 'setting', setting: written, local: isLocal, isSet }]
}
