import fc from 'fast-check'
import * as audit from './audit-changes.ts'
import * as column from './column-changes.ts'
import type { Change, Draft, Pick } from './draft.ts'
import * as enums from './enum-changes.ts'
import * as table from './table-changes.ts'
import type { World } from './world.ts'

/** Every change of a schema, with how often it is drawn. */
const CHANGES = {
  addColumn: [column.addColumn, 6],
  dropColumn: [column.dropColumn, 4],
  renameColumn: [column.renameColumn, 6],
  swapColumns: [column.swapColumns, 3],
  replaceByRenamedFrom: [column.replaceByRenamedFrom, 4],
  widenColumn: [column.widenColumn, 3],
  rewriteColumn: [column.rewriteColumn, 5],
  replaceColumn: [column.replaceColumn, 3],
  excludeColumn: [column.excludeColumn, 2],
  hideColumn: [column.hideColumn, 3],
  relaxColumn: [column.relaxColumn, 1],
  addLabel: [enums.addLabel, 2],
  removeLabel: [enums.removeLabel, 3],
  renameLabel: [enums.renameLabel, 2],
  renameEnum: [enums.renameEnum, 2],
  addModel: [table.addModel, 2],
  deleteModel: [table.deleteModel, 2],
  renameTable: [table.renameTable, 4],
  moveTable: [table.moveTable, 2],
  recreateWithRenamedFrom: [table.recreateWithRenamedFrom, 3],
  recreateWithout: [table.recreateWithout, 2],
  changeKey: [table.changeKey, 3],
  toggleAudit: [audit.toggleAudit, 3],
  changeSettings: [audit.changeSettings, 4],
  changeModelSettings: [audit.changeModelSettings, 3],
  changeMissingSettings: [audit.changeMissingSettings, 2],
  changeTruncate: [audit.changeTruncate, 2],
  changeCaptureWaiver: [audit.changeCaptureWaiver, 3],
  changeLevel: [audit.changeLevel, 3],
  changeBackfill: [audit.changeBackfill, 2],
  changePartitions: [audit.changePartitions, 2],
  changeNaming: [audit.changeNaming, 3],
  changeAuditTable: [audit.changeAuditTable, 2],
  changeAuditSchema: [audit.changeAuditSchema, 2],
} as const satisfies Record<string, readonly [Change, number]>

export type ChangeName = keyof typeof CHANGES
export const CHANGE_NAMES = Object.keys(CHANGES) as readonly ChangeName[]

export interface ChangePick extends Pick {
  readonly change: ChangeName
}

/** One migration of a project. */
export interface Step {
  readonly changes: readonly ChangePick[]
  /** `wrapper`: the audit part stands in Prisma's file; `plain`: in a file of its own, after it. */
  readonly mode: 'wrapper' | 'plain'
  /** Writers go on while the files are applied. */
  readonly traffic: boolean
}

const number = fc.nat({ max: 999 })
const anyChange: fc.Arbitrary<ChangePick> = fc.record({
  change: fc.oneof(
    ...CHANGE_NAMES.map((name) => ({ weight: CHANGES[name][1], arbitrary: fc.constant(name) })),
  ),
  a: number,
  b: number,
  c: number,
})

/** Mostly one change a migration; sometimes several at once. */
export const anyStep: fc.Arbitrary<Step> = fc.record({
  changes: fc.oneof(
    { weight: 2, arbitrary: fc.array(anyChange, { minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.array(anyChange, { minLength: 2, maxLength: 4 }) },
  ),
  mode: fc.constantFrom('wrapper', 'plain'),
  traffic: fc.oneof(
    { weight: 3, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
})

export interface DraftedStep extends Draft {
  /** The changes in words. */
  readonly labels: readonly string[]
}

/** The migration that the changes make of a world; those that find nothing to change are left out. */
export function draftStep(world: World, changes: readonly ChangePick[]): DraftedStep {
  let draft: Draft = { base: world, target: world, byHand: [], leaving: [] }
  const labels: string[] = []
  for (const { change, ...pick } of changes) {
    const changed = CHANGES[change][0](draft, pick)
    if (!changed || !canPrismaWrite(changed.draft)) continue
    draft = changed.draft
    labels.push(changed.label)
  }
  return { ...draft, labels }
}

/** Where an enum loses a label, Prisma's SQL casts its columns under their new names before it makes these: it fails. */
function canPrismaWrite({ base, target, leaving }: Draft): boolean {
  const using = (world: World, lost: number) =>
    world.models.flatMap(({ table, schema, life, columns }) =>
      columns
        .filter(({ type }) => type.kind === 'enum' && type.enum === lost)
        .map(({ id, name, type }) => JSON.stringify([schema, table, life, id, name, type])),
    )
  return leaving.every((each) => using(base, each.enum).join() === using(target, each.enum).join())
}
