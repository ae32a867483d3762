import { PARTITION_UNITS } from '../model/audit-model.ts'
import type { MigrationStep } from './migration-step.ts'
import { expandStep } from './step-text.ts'

type Kind = Exclude<MigrationStep['kind'], 'unsupported'>
type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  | 'object'
  | 'strings'
  | 'optional string'
  | 'backfill'
  | 'partition unit'

/** What each step must hold. The generator wrote it; this finds hand-made and newer ones. */
const SHAPES = {
  createSchema: { name: 'string', sqlVersion: 'number' },
  upgradeSchema: { sqlVersion: 'number' },
  moveSchema: { name: 'string', sqlVersion: 'number' },
  dropSchema: { name: 'string' },
  changeWaiver: { schema: 'string', role: 'optional string' },
  createAuditTable: { source: 'object', table: 'object' },
  addColumn: { source: 'object', column: 'object' },
  retireColumn: { source: 'object', column: 'string' },
  setAsideColumn: { source: 'object', column: 'string', as: 'string' },
  changeColumn: { source: 'object', column: 'object' },
  addSetting: { source: 'object', setting: 'object' },
  retireSetting: { source: 'object', column: 'string' },
  changeSetting: { source: 'object', setting: 'object' },
  changeMissingSettings: { source: 'object', missingSettings: 'string' },
  changeTruncate: { source: 'object', truncate: 'string' },
  changeWaivable: { source: 'object', waivable: 'boolean' },
  changeLevel: { source: 'object', level: 'string', updates: 'string' },
  changeBackfill: { source: 'object', backfill: 'backfill' },
  changeEnableAlways: { source: 'object', enableAlways: 'boolean' },
  changePartitions: { source: 'object', partitionBy: 'partition unit' },
  renameColumn: { source: 'object', column: 'string', to: 'string' },
  renameTable: { source: 'object', to: 'object' },
  renameObjects: { source: 'object', schema: 'string', names: 'object' },
  changeKey: { source: 'object', key: 'strings' },
  retireTable: { source: 'object' },
  resumeTable: { source: 'object' },
  replaceFunctions: { source: 'object', reason: 'string' },
} as const satisfies Record<Kind, Record<string, Shape>>

/** Every kind of step that a header may hold. */
export const STEP_KINDS: readonly string[] = Object.keys(SHAPES)

/** A step from its line of JSON, or a sentence that says why it is none. */
export function parseStep(json: string): MigrationStep | string {
  let value: unknown
  try {
    value = JSON.parse(json)
    if (isRecord(value)) value = expandStep(value)
  } catch {
    return 'this step is not JSON; restore the file from version control'
  }
  if (!isRecord(value) || !isKind(value.kind)) {
    return `unknown step "${isRecord(value) ? String(value.kind) : json}"; a newer prisma-generator-audit may have written it: update the package`
  }
  for (const [property, shape] of Object.entries<Shape>(SHAPES[value.kind])) {
    if (!hasShape(value[property], shape)) {
      return `step "${value.kind}" has no valid "${property}"; restore the file from version control`
    }
  }
  // The kind and the shape of each property were checked above.
  return value as unknown as MigrationStep
}

function isKind(kind: unknown): kind is Kind {
  return typeof kind === 'string' && Object.hasOwn(SHAPES, kind)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasShape(value: unknown, shape: Shape): boolean {
  if (shape === 'object') return isRecord(value)
  if (shape === 'strings') return Array.isArray(value) && value.every((item) => typeof item === 'string')
  if (shape === 'optional string') return value === undefined || typeof value === 'string'
  if (shape === 'backfill') return typeof value === 'boolean' || value === 'batches'
  if (shape === 'partition unit') return value === false || PARTITION_UNITS.some((unit) => unit === value)
  return typeof value === shape
}
