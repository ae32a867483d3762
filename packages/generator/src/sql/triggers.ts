import type { QualifiedName } from '../model/names.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import type { TableStep } from '../state/migration-step.ts'
import {
  dollarQuoted,
  ident,
  integer,
  lines,
  literal,
  paragraphs,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'
import {
  captureFunctionName,
  changeTriggers,
  definition,
  installed,
  type Trigger,
  triggersOf,
} from './trigger-definitions.ts'

/** Each trigger unless it is there already: creating one waits for every writer of the table. */
export function renderTriggers(table: AuditTableObject): Sql {
  return forSource(table, missingTriggers(table))
}

/** For down.sql: a table that was audited until a migration dropped it has nothing to put triggers on. */
export function renderTriggersIfThere(table: AuditTableObject): Sql {
  const source = literal(sqlText(qualified(table.source)))
  const body = sql`DECLARE
  source CONSTANT regclass := pg_catalog.to_regclass(${source});
BEGIN
  IF source IS NULL THEN
    RAISE WARNING '% is not there: to have it audited again, create it and run this once more', ${source};
    RETURN;
  END IF;
  ${lines(missingTriggers(table))}
END`
  return sql`DO ${dollarQuoted(body)};`
}

function missingTriggers(table: AuditTableObject): readonly Sql[] {
  return triggersOf(table).map(
    (trigger) => sql`IF NOT EXISTS (
  ${installed(table, trigger)}
) THEN
  CREATE TRIGGER ${definition(table, trigger)};${enabledAlways(table, trigger)}
END IF;`,
  )
}

/**
 * Where the steps change the level: the triggers of `after` for those of `before`, and the function that these called goes. Of
 * branches that met, one may have changed it, and another one made the former level's function anew.
 */
export function renderLevelChange(
  before: AuditTableObject,
  steps: readonly TableStep[],
  after: AuditTableObject,
): Sql {
  const isMerge = steps.some((step) => step.kind === 'replaceFunctions' && step.reason === 'branches met')
  if (!isMerge && !steps.some(({ kind }) => kind === 'changeLevel')) return sql``
  const other = { ...after, level: after.level === 'row' ? 'statement' : 'row' } as const
  const isLeft = isMerge || before.level === other.level
  return paragraphs([renderLevelTriggers(after), isLeft ? renderCaptureFunctionGone(other) : sql``])
}

/**
 * The triggers of a level take the place of those of the other one, or get another condition, all in one transaction.
 * Replaced and not dropped: readers of the table neither wait nor are waited for. Before the first of them is
 * replaced every writer has finished, and none begins until the commit: no write is recorded twice, and none is missed.
 */
function renderLevelTriggers(table: AuditTableObject): Sql {
  const each = changeTriggers(table).map(
    (trigger) => sql`IF NOT EXISTS (
  ${installed(table, trigger)}
    AND (t.tgtype & 1) = ${integer(table.level === 'row' ? 1 : 0)}
    AND t.tgqual IS ${trigger.isConditional ? sql`NOT NULL` : sql`NULL`}
) THEN
  CREATE OR REPLACE TRIGGER ${definition(table, trigger)};${enabledAlways(table, trigger)}
END IF;`,
  )
  return forSource(table, each)
}

/**
 * Where the steps change when the triggers fire, or where branches met of which one did and another replaced them: each that
 * is there and fires otherwise.
 */
export function renderFiring(steps: readonly TableStep[], after: AuditTableObject): Sql {
  const isMerge = steps.some((step) => step.kind === 'replaceFunctions' && step.reason === 'branches met')
  const isChanged = steps.some(({ kind }) => kind === 'changeEnableAlways')
  if (!isChanged && !(isMerge && after.enableAlways)) return sql``
  const each = triggersOf(after).map(
    (trigger) => sql`IF EXISTS (
  ${installed(after, trigger)} AND t.tgenabled <> ${literal(after.enableAlways ? 'A' : 'O')}
) THEN
  ALTER TABLE ${qualified(after.source)} ${after.enableAlways ? sql`ENABLE ALWAYS` : sql`ENABLE`} TRIGGER ${ident(trigger.name)};
END IF;`,
  )
  return forSource(after, each)
}

/** A trigger that was just made fires for what the application writes, and not for what replication applies. */
function enabledAlways(table: AuditTableObject, { name }: Trigger): Sql {
  if (!table.enableAlways) return sql``
  return sql`
  ALTER TABLE ${qualified(table.source)} ENABLE ALWAYS TRIGGER ${ident(name)};`
}

/** A DO block in which `source` is the source table. */
function forSource(table: AuditTableObject, each: readonly Sql[]): Sql {
  const source = literal(sqlText(qualified(table.source)))
  const body = sql`DECLARE
  source CONSTANT regclass := ${source};
BEGIN
  ${lines(each)}
END`
  return sql`DO ${dollarQuoted(body)};`
}

/** The triggers go if the source table is still there; then the functions, which nothing uses any more. */
export function renderTriggersGone(table: AuditTableObject): Sql {
  const functions = functionNames(table).map(
    (name) => sql`DROP FUNCTION IF EXISTS ${qualified({ schema: table.schema, name })}();`,
  )
  return paragraphs([renderTriggersOff(table), lines(functions)])
}

/** The triggers go if the source table is still there. */
export function renderTriggersOff(table: AuditTableObject): Sql {
  const source = qualified(table.source)
  const triggers = triggersOf(table).map(
    (trigger) => sql`DROP TRIGGER IF EXISTS ${ident(trigger.name)} ON ${source};`,
  )
  const body = sql`BEGIN
  IF pg_catalog.to_regclass(${literal(sqlText(source))}) IS NOT NULL THEN
    ${lines(triggers)}
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
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
export function functionNames(table: AuditTableObject): readonly string[] {
  const { names, key } = table
  return [
    captureFunctionName(table),
    ...(key.length === 0 ? [] : [names.keyFunction]),
    names.truncateFunction,
  ]
}

/** The capture function of a level that the table has no more: no trigger calls it. */
function renderCaptureFunctionGone(before: AuditTableObject): Sql {
  return sql`DROP FUNCTION IF EXISTS ${qualified({ schema: before.schema, name: captureFunctionName(before) })}();`
}

/** The table's triggers, by the roles that it has. */
export function triggerNames(table: AuditTableObject): readonly string[] {
  return triggersOf(table).map(({ name }) => name)
}

/** The trigger of INSERT and the function that it calls. */
export function insertTrigger(table: AuditTableObject): {
  readonly name: string
  readonly calls: QualifiedName
} {
  const functionName = captureFunctionName(table)
  return { name: table.names.insertTrigger, calls: { schema: table.schema, name: functionName } }
}
