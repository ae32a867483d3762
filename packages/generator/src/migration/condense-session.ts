import type { Node, TransactionStmt, VariableSetStmt } from 'libpg-query'
import type { Span, Statement } from './condensed.ts'
import { nameOf, strings } from './syntax-names.ts'

export function condenseTransaction(
  { kind, savepoint_name: name = '' }: TransactionStmt,
  span: Span,
): Statement[] {
  switch (kind) {
    case 'TRANS_STMT_COMMIT':
    case 'TRANS_STMT_ROLLBACK':
      return [{ kind: 'endTransaction', rollback: kind === 'TRANS_STMT_ROLLBACK', span }]
    case 'TRANS_STMT_SAVEPOINT':
      return [{ kind: 'savepoint', do: 'set', name }]
    case 'TRANS_STMT_RELEASE':
      return [{ kind: 'savepoint', do: 'release', name }]
    case 'TRANS_STMT_ROLLBACK_TO':
      return [{ kind: 'savepoint', do: 'rollback', name }]
    case 'TRANS_STMT_PREPARE':
    case 'TRANS_STMT_COMMIT_PREPARED':
    case 'TRANS_STMT_ROLLBACK_PREPARED':
      return [{ kind: 'notInterpreted', reason: 'a transaction in two phases', span }]
    default:
      return []
  }
}

export function condenseSet(statement: VariableSetStmt, span: Span): Statement[] {
  const local = statement.is_local ?? false
  const name = statement.name?.toLowerCase() ?? ''
  const isSet = statement.kind === 'VAR_SET_VALUE'
  const values = (statement.args ?? []).map((arg) => ('A_Const' in arg ? arg.A_Const.sval?.sval : undefined))
  if (statement.kind === 'VAR_RESET_ALL') return [{ kind: 'resetSettings' }]
  if (name === 'search_path') {
    const schemas = values.flatMap((value) => (value === undefined ? [] : [value]))
    return [{ kind: 'searchPath', ...(isSet ? { schemas } : {}), local, span }]
  }
  if (name === 'session_replication_role') {
    return [
      { kind: 'replicationRole', isReplica: isSet && values[0]?.toLowerCase() === 'replica', local, span },
    ]
  }
  return [{ kind: 'setting', setting: name, local, isSet: isSet && values[0] !== '' }]
}

/** `SELECT pg_catalog.set_config('search_path', '', false)`, which begins every pg_dump. */
export function condenseSearchPathCall(node: Node, span: Span): Statement[] {
  const target = 'SelectStmt' in node ? node.SelectStmt.targetList?.[0] : undefined
  const call = target && 'ResTarget' in target ? target.ResTarget.val : undefined
  if (!call || !('FuncCall' in call) || nameOf(strings(call.FuncCall.funcname)).name !== 'set_config')
    return []
  const [setting, value, local] = (call.FuncCall.args ?? []).map((arg) =>
    'A_Const' in arg ? arg.A_Const : undefined,
  )
  if (setting?.sval?.sval?.toLowerCase() !== 'search_path') return []
  const isLocal = local?.boolval?.boolval === true
  if (value?.sval === undefined) {
    return [{ kind: 'notInterpreted', reason: 'search_path is set to a value that is computed', span }]
  }
  const schemas = (value.sval.sval ?? '')
    .split(',')
    .map(unquote)
    .filter((schema) => schema !== '')
  return [{ kind: 'searchPath', schemas, local: isLocal, span }]
}

function unquote(part: string): string {
  const name = part.trim()
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}
