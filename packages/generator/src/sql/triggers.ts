import type { ColumnTypeName } from '../model/column-type.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import {
  dollarQuoted,
  ident,
  join,
  keyword,
  lines,
  literal,
  paragraphs,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'

interface Trigger {
  readonly name: string
  /** The function in the audit schema that it calls. */
  readonly functionName: string
  /** `AFTER INSERT ON … FOR EACH STATEMENT`, without the function. */
  readonly event: Sql
}

/** The triggers that an audited table carries. */
function triggersOf(table: AuditTableObject): readonly Trigger[] {
  const { names } = table
  const source = qualified(table.source)
  const changes = (
    [
      [names.insertTrigger, 'INSERT', 'NEW'],
      [names.updateTrigger, 'UPDATE', 'NEW'],
      [names.deleteTrigger, 'DELETE', 'OLD'],
    ] as const
  ).map(([name, operation, rows]) => ({
    name,
    functionName: names.captureFunction,
    event: sql`AFTER ${keyword(operation)} ON ${source}
REFERENCING ${keyword(rows)} TABLE AS changed
FOR EACH STATEMENT`,
  }))
  return [...changes, ...keyTrigger(table), truncateTrigger(table)]
}

function keyTrigger(table: AuditTableObject): readonly Trigger[] {
  if (table.key.length === 0) return []
  const changed = join(
    table.key.map((column) => keyChange(table, column)),
    sql`\n  OR `,
  )
  return [
    {
      name: table.names.keyTrigger,
      functionName: table.names.keyFunction,
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
    event: sql`BEFORE TRUNCATE ON ${qualified(table.source)}
FOR EACH STATEMENT`,
  }
}

const TEXT_TYPES: readonly ColumnTypeName[] = ['text', 'varchar', 'char']

/** As history tells keys apart: citext and nondeterministic collations call texts equal that it does not. */
function keyChange(table: AuditTableObject, key: string): Sql {
  const column = table.columns.find(({ name }) => name === key)
  const name = ident(key)
  if (column === undefined || !TEXT_TYPES.includes(column.type.name) || column.type.list) {
    return sql`OLD.${name} IS DISTINCT FROM NEW.${name}`
  }
  return sql`OLD.${name}::text COLLATE "C" IS DISTINCT FROM NEW.${name}::text COLLATE "C"`
}

/** Each trigger unless it is there already: creating one waits for every writer of the table. */
export function renderTriggers(table: AuditTableObject): Sql {
  const source = literal(sqlText(qualified(table.source)))
  const each = triggersOf(table).map(
    (trigger) => sql`IF NOT EXISTS (
  SELECT FROM pg_catalog.pg_trigger AS t
  WHERE t.tgrelid = source AND t.tgname = ${literal(trigger.name)} AND t.tgfoid = ${triggerFunction(table, trigger)}
) THEN
  CREATE TRIGGER ${ident(trigger.name)}
    ${trigger.event}
    EXECUTE FUNCTION ${functionOf(table, trigger)}();
END IF;`,
  )
  const body = sql`DECLARE
  source CONSTANT regclass := ${source};
BEGIN
  ${lines(each)}
END`
  return sql`DO ${dollarQuoted(body)};`
}

function functionOf(table: AuditTableObject, trigger: Trigger): Sql {
  return qualified({ schema: table.schema, name: trigger.functionName })
}

function triggerFunction(table: AuditTableObject, trigger: Trigger): Sql {
  return sql`${literal(sqlText(sql`${functionOf(table, trigger)}()`))}::regprocedure`
}

/** The triggers go if the source table is still there; then the functions, which nothing uses any more. */
export function renderTriggersGone(table: AuditTableObject): Sql {
  const source = qualified(table.source)
  const triggers = triggersOf(table).map(
    (trigger) => sql`DROP TRIGGER IF EXISTS ${ident(trigger.name)} ON ${source};`,
  )
  const functions = functionNames(table).map(
    (name) => sql`DROP FUNCTION IF EXISTS ${qualified({ schema: table.schema, name })}();`,
  )
  const body = sql`BEGIN
  IF pg_catalog.to_regclass(${literal(sqlText(source))}) IS NOT NULL THEN
    ${lines(triggers)}
  END IF;
END`
  return paragraphs([sql`DO ${dollarQuoted(body)};`, lines(functions)])
}

/** The trigger that names the key's columns goes, so that it can be made for other ones. */
export function renderKeyTriggerGone(table: AuditTableObject): Sql {
  if (table.key.length === 0) return sql``
  return sql`DROP TRIGGER IF EXISTS ${ident(table.names.keyTrigger)} ON ${qualified(table.source)};`
}

export function renderKeyFunctionGone(table: AuditTableObject): Sql {
  return sql`DROP FUNCTION IF EXISTS ${qualified({ schema: table.schema, name: table.names.keyFunction })}();`
}

/** The table's functions, by the roles that it has. */
export function functionNames({ names, key }: AuditTableObject): readonly string[] {
  return [names.captureFunction, ...(key.length === 0 ? [] : [names.keyFunction]), names.truncateFunction]
}
