import { applySteps } from '../state/apply-steps.ts'
import { type DatabaseState, homeOf } from '../state/database-state.ts'
import type { MigrationPlan } from '../state/migration-plan.ts'
import type { MigrationStep } from '../state/migration-step.ts'
import { renderPart } from '../state/part-header.ts'
import { endsPartitions } from '../state/partitioning.ts'
import { stateHash } from '../state/state-hash.ts'
import { groupByTable, type TableGroup } from '../state/table-group.ts'
import { renderBaseSchema, renderBaseUpgrade } from './base-schema.ts'
import { renderBaseline } from './baseline.ts'
import { type Cluster, clusterGroups } from './crossing-names.ts'
import { dropsTriggers, needsTwoTransactions } from './lock-order.ts'
import { renderLockWriters, waitForWriters } from './lock-writers.ts'
import { renderDropSchema, renderMoveSchema } from './move-schema.ts'
import { oidOf, renamedTables, renameUp } from './rename-block.ts'
import { renderHashing } from './render-hashing.ts'
import {
  renderPartitioning,
  renderPartitioningGone,
  renderPartitions,
  renderUnprepared,
} from './render-partitions.ts'
import { renderWaiver, renderWaiverGone } from './render-waiver.ts'
import { renderReplacedOff } from './replaced-table.ts'
import { addChecks, missingChecks } from './required-checks.ts'
import { movedSharedTables, renderMoveSharedTables } from './shared-tables.ts'
import { comment, integer, isFilled, join, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'
import { renderTableSection, renderTableSections } from './table-section.ts'

export interface RenderOptions {
  /** The state that the migrations folder builds before this part. */
  readonly from: DatabaseState
  /** How long a statement may wait for a lock, in milliseconds; 5000 unless given. */
  readonly lockTimeout?: number
  /**
   * True where the part is appended to a draft of Prisma's: all in the draft's one transaction. Otherwise each
   * table has a transaction of its own, so that no two live tables are locked at once.
   */
  readonly appended?: boolean
  /** The text that the part is appended to: the header says for which statements it was made. */
  readonly above?: string
}

/**
 * The text of migration.sql, or of the part to append to one: the header with its steps, then a section for
 * the schema and one for each table. Every section is safe to run again.
 *
 * @throws Error for a plan with a hazard of severity `error`: it has no SQL.
 */
export function renderMigration(plan: MigrationPlan, options: RenderOptions): string {
  assertPossible(plan)
  if (plan.steps.length === 0) return ''
  const sections = renderSections(plan.steps, options)
  return renderPart(stateHash(options.from), plan.steps, inTransactions(sections, options), options.above)
}

function renderSections(steps: readonly MigrationStep[], { from, appended }: RenderOptions): readonly Sql[] {
  const to = applySteps(from, steps)
  const isUpgrade = steps.some((step) => step.kind === 'upgradeSchema')
  const touched = groupByTable(steps, from, to).filter(
    (group) => group.steps.length > 0 || (isUpgrade && group.after.capturing),
  )
  return [
    paragraphs([
      appended && steps.some(({ kind }) => kind === 'moveSchema') ? lockBeforeMove(touched, from, to) : sql``,
      ...steps.map((step) => renderSchemaStep(step, from, to)),
      renderWaiver(steps, to),
      renderHashing(steps, to),
      renderPartitioning(steps, to),
    ]),
    ...clusterGroups(isUpgrade ? touched : touched.filter(changesCapture)).flatMap((cluster) =>
      renderCluster(cluster, appended === true),
    ),
    paragraphs([
      renderWaiverGone(steps, to),
      renderPartitioningGone(from, to),
      ...steps.map((step) => renderLastStep(step, from, to)),
    ]),
    // The views of a schema that was left are gone by now: they would keep the tables of the audit's own as they are.
    ...touched.flatMap((group) => renderPartitions(group, appended === true)),
    ...touched.filter(({ steps }) => steps.some(endsPartitions)).map(({ after }) => renderUnprepared(after)),
  ]
}

/**
 * In one transaction with all tables, the ones that these share may not be the first that are locked: whoever writes a table
 * has its lock, and reads the hash keys in its trigger. Nor the last that are waited for: whoever has waived capture has
 * written that down, and writes a table next.
 */
function lockBeforeMove(groups: readonly TableGroup[], from: DatabaseState, to: DatabaseState): Sql {
  const shared = movedSharedTables(from, to)
  return shared.length === 0 ? sql`` : renderLockWriters(groups.flatMap(renamedTables), shared)
}

/** Functions and triggers are the same whether a history is partitioned or not. */
export function changesCapture({ steps }: TableGroup): boolean {
  return steps.some(({ kind }) => kind !== 'changePartitions')
}

function renderSchemaStep(step: MigrationStep, from: DatabaseState, to: DatabaseState): Sql {
  if (step.kind === 'createSchema') return renderBaseSchema(homeOf(step), step.sqlVersion)
  if (step.kind === 'upgradeSchema' && to.schema) return renderBaseUpgrade(homeOf(to.schema))
  if (step.kind !== 'moveSchema' || from.schema === undefined) return sql``
  const move = renderMoveSchema(homeOf(from.schema), homeOf(step), step.sqlVersion)
  return paragraphs([move, renderMoveSharedTables(from, to)])
}

function renderLastStep(step: MigrationStep, from: DatabaseState, to: DatabaseState): Sql {
  return step.kind === 'dropSchema' ? renderDropSchema(from, to) : sql``
}

/**
 * New CHECKs come after the functions have been committed: a writer that waits for the audit table's lock in the
 * middle of an old function would break a rule that it could not know, whatever context it has.
 */
function renderCluster(cluster: Cluster, appended: boolean): readonly Sql[] {
  const { groups, crosses } = cluster
  const renames = renameUp(cluster)
  const lead = crosses
    ? paragraphs([
        comment('Tables of the audit exchange names: all at once.'),
        ...groups.map(renderReplacedOff),
        renames,
      ])
    : sql``
  const sections = groups.map((group) => {
    if (!appended && !crosses) return renderTableSections(group, renames)
    const own = crosses ? sql`` : paragraphs([renderReplacedOff(group), renames])
    if (!appended) return [renderTableSection(group, own, sql``, sql``)]
    const checks = newChecks(group)
    const lead = isFilled(renames) ? own : paragraphs([own, lockBeforehand(group, checks)])
    return [renderTableSection(group, lead, checks, renderBaseline(group, true))]
  })
  const barriers = appended
    ? []
    : [...groups.flatMap(renderNewChecks), ...groups.map((group) => renderBaseline(group))]
  return crosses ? [paragraphs([lead, ...sections.flat()]), ...barriers] : [...sections.flat(), ...barriers]
}

/**
 * In a draft's last transaction the source may not be locked yet: after a COMMIT, or where its statements only write. What a
 * part of its own does in two transactions is done in one here, so no writer may be in the old functions meanwhile.
 */
function lockBeforehand(group: TableGroup, checks: Sql): Sql {
  const { renamed, rest, after } = group
  if (!renamed?.capturing || !after.capturing) return sql``
  if (!isFilled(checks) && !needsTwoTransactions(renamed, rest, after)) return sql``
  const [source, lock] = [oidOf([after]), after.source]
  return renderLockWriters([{ from: renamed, to: after, source, lock, dropsTriggers: dropsTriggers(group) }])
}

function newChecks({ renamed, rest, after }: TableGroup): Sql {
  return renamed === undefined ? sql`` : addChecks(after, missingChecks(renamed, after, rest))
}

function renderNewChecks(group: TableGroup): readonly Sql[] {
  const checks = newChecks(group)
  const hasWriters = group.before?.capturing === true && group.after.capturing && isFilled(checks)
  return [hasWriters ? waitForWriters([group.after]) : sql``, checks]
}

/**
 * A bare COMMIT ends the implicit transaction in which a migration file runs, and the next statement begins
 * another. BEGIN … COMMIT would do so too, but then Prisma hides the error of a statement that fails.
 */
export function inTransactions(sections: readonly Sql[], options: Omit<RenderOptions, 'from'>): string {
  const timeout = literal(`${sqlText(integer(options.lockTimeout ?? 5000))}ms`)
  const settings = sql`SET LOCAL lock_timeout = ${timeout};
SET LOCAL search_path = pg_catalog, pg_temp;`
  const filled = sections.filter((section) => sqlText(section) !== '')
  if (options.appended) {
    const reset = sql`SET LOCAL lock_timeout TO DEFAULT;
SET LOCAL search_path TO DEFAULT;`
    return `${sqlText(paragraphs([settings, ...filled, reset]))}\n`
  }
  const each = filled.map((section) => paragraphs([settings, section]))
  return `${sqlText(join(each, sql`\n\nCOMMIT;\n\n`))}\n`
}

export function assertPossible(plan: MigrationPlan): void {
  const errors = plan.hazards.filter((hazard) => hazard.severity === 'error')
  if (errors.length > 0) throw new Error(errors.map((hazard) => hazard.message).join('\n'))
}
