import { applySteps } from '../state/apply-steps.ts'
import { type AuditHome, type DatabaseState, homeOf } from '../state/database-state.ts'
import { bringsHashes, hasHashes } from '../state/hashing.ts'
import type { MigrationStep } from '../state/migration-step.ts'
import { baseFunction } from './base-functions.ts'
import { hashSignatures, renderHashFunctions } from './hash-functions.ts'
import { hashKeys, renderHashKeyTable } from './hash-key-table.ts'
import { auditTable, relation, when } from './look-first.ts'
import { markFunctions, refuseForeignFunctions } from './shared-schema.ts'
import { comment, join, lines, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'

/**
 * What hashes columns in the state `to` after the steps, or in down.sql in the one before them; before the tables, whose
 * functions call it.
 */
export function renderHashing(steps: readonly MigrationStep[], to: DatabaseState): Sql {
  const isNeeded = steps.some((step) => bringsHashes(step) || isOfSchema(step))
  if (to.schema === undefined || !isNeeded || !hasHashes(to)) return sql``
  return hashing(homeOf(to.schema))
}

/** In down.sql, after the tables: nothing was hashed before. The keys are kept as the history is. */
export function renderHashingGoneDown(steps: readonly MigrationStep[], from: DatabaseState): Sql {
  const { schema, tables } = applySteps(from, steps)
  const home = from.schema ?? schema
  if (home === undefined || hasHashes(from) || !hasHashes({ tables })) return sql``
  return paragraphs([
    comment('Nothing is hashed any more. The keys stay with the history.'),
    lines(hashSignatures(homeOf(home)).map((signature) => sql`DROP ROUTINE IF EXISTS ${signature};`)),
  ])
}

function isOfSchema({ kind }: MigrationStep): boolean {
  return kind === 'upgradeSchema' || kind === 'moveSchema'
}

function hashing(home: AuditHome): Sql {
  const signatures = hashSignatures(home)
  const each = signatures.map((signature) => literal(sqlText(signature)))
  const keys = hashKeys(home)
  return paragraphs([
    comment('Columns are hashed, each with a key of its own that stands in no migration.'),
    renderHashKeyTable(home),
    when(
      sql`pg_catalog.obj_description(${relation(keys)}, 'pg_class') IS NULL`,
      sql`COMMENT ON TABLE ${auditTable(keys)} IS 'Keys of hashed columns: who reads them can test guesses';`,
    ),
    refuseForeignFunctions(home, signatures, 'for example another schema'),
    renderHashFunctions(home),
    markFunctions(home, signatures),
    sql`CALL ${baseFunction(home, 'keepPrivate')}(
  '{}',
  ARRAY[
    ${join(each, sql`,\n`)}
  ]::regprocedure[]
);`,
  ])
}
