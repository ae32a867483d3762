import type { AuditTableObject } from '../state/database-state.ts'
import { rowFunctionName } from '../state/own-names.ts'
import { type KeyColumn, keyColumns } from './key-columns.ts'
import { ident, join, keyword, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

export interface Trigger {
  readonly name: string
  /** The function in the audit schema that it calls. */
  readonly functionName: string
  /** It has a WHEN clause. */
  readonly isConditional: boolean
  /** `AFTER INSERT ON … FOR EACH STATEMENT`, without the function. */
  readonly event: Sql
}

/** The triggers that an audited table carries. */
export function triggersOf(table: AuditTableObject): readonly Trigger[] {
  return [...changeTriggers(table), ...keyTrigger(table), truncateTrigger(table)]
}

/** Those of insert, update and delete. */
export function changeTriggers(table: AuditTableObject): readonly Trigger[] {
  const { names } = table
  const source = qualified(table.source)
  return (
    [
      [names.insertTrigger, 'INSERT', 'NEW'],
      [names.updateTrigger, 'UPDATE', 'NEW'],
      [names.deleteTrigger, 'DELETE', 'OLD'],
    ] as const
  ).map(([name, operation, rows]) => {
    const isConditional = operation === 'UPDATE' && table.updates === 'changed'
    const row = isConditional ? sql`FOR EACH ROW WHEN (OLD.* *<> NEW.*)` : sql`FOR EACH ROW`
    const statement = sql`REFERENCING ${keyword(rows)} TABLE AS changed
FOR EACH STATEMENT`
    return {
      name,
      functionName: captureFunctionName(table),
      isConditional,
      event: sql`AFTER ${keyword(operation)} ON ${source}
${table.level === 'row' ? row : statement}`,
    }
  })
}

/** Each level has its function: one that another branch emits anew never meets triggers that it does not fit. */
export function captureFunctionName(table: AuditTableObject): string {
  return table.level === 'row' ? rowFunctionName(table) : table.names.captureFunction
}

function keyTrigger(table: AuditTableObject): readonly Trigger[] {
  if (table.key.length === 0) return []
  const changed = join(keyColumns(table).map(keyChange), sql`\n  OR `)
  return [
    {
      name: table.names.keyTrigger,
      functionName: table.names.keyFunction,
      isConditional: true,
      event: sql`AFTER UPDATE ON ${qualified(table.source)}
FOR EACH ROW WHEN (
  ${changed}
)`,
    },
  ]
}

function truncateTrigger(table: AuditTableObject): Trigger {
  return {
    name: table.names.truncateTrigger,
    functionName: table.names.truncateFunction,
    isConditional: false,
    event: sql`BEFORE TRUNCATE ON ${qualified(table.source)}
FOR EACH STATEMENT`,
  }
}

function keyChange({ source, isText }: KeyColumn): Sql {
  const name = ident(source)
  return isText
    ? sql`OLD.${name}::text COLLATE "C" IS DISTINCT FROM NEW.${name}::text COLLATE "C"`
    : sql`OLD.${name} IS DISTINCT FROM NEW.${name}`
}

export function installed(table: AuditTableObject, trigger: Trigger): Sql {
  return sql`SELECT FROM pg_catalog.pg_trigger AS t
WHERE t.tgrelid = source AND t.tgname = ${literal(trigger.name)} AND t.tgfoid = ${triggerFunction(table, trigger)}`
}

export function definition(table: AuditTableObject, trigger: Trigger): Sql {
  return sql`${ident(trigger.name)}
  ${trigger.event}
  EXECUTE FUNCTION ${functionOf(table, trigger)}()`
}

/** The function in the audit schema that it calls, with its schema. */
export function functionOf(table: AuditTableObject, trigger: Trigger): Sql {
  return qualified({ schema: table.schema, name: trigger.functionName })
}

function triggerFunction(table: AuditTableObject, trigger: Trigger): Sql {
  return sql`${literal(sqlText(sql`${functionOf(table, trigger)}()`))}::regprocedure`
}

/** The statement that makes it, as one text: to be held against what PostgreSQL says of it. */
export function triggerText(table: AuditTableObject, trigger: Trigger): string {
  return sqlText(sql`CREATE TRIGGER ${definition(table, trigger)}`)
}
