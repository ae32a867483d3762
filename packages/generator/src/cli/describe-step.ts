import { type MigrationStep, unreachable } from '../state/migration-step.ts'

/** What a missing step means, as the end of "The audit is not up to date: …". */
export function describeStep(step: MigrationStep): string {
  switch (step.kind) {
    case 'createAuditTable':
      return 'no migration creates its audit table'
    case 'addColumn':
      return `the column "${step.column.name}" is not recorded`
    case 'retireColumn':
      return `the column "${step.column}" is still recorded`
    case 'setAsideColumn':
      return `the column "${step.column}" has another type`
    case 'changeColumn':
      return `the column "${step.column.name}" has another type, or is recorded in another way`
    case 'renameColumn':
      return `the column "${step.column}" is called "${step.to}"`
    case 'addSetting':
      return `the ${step.setting.fact ? 'fact' : 'session setting'} "${step.setting.name}" is not recorded`
    case 'retireSetting':
      return `the session setting in the column "${step.column}" is still recorded`
    case 'changeSetting':
      return `the session setting "${step.setting.name}" changed`
    case 'changeMissingSettings':
      return `missingSettings is "${step.missingSettings}"`
    case 'changeTruncate':
      return `truncate is "${step.truncate}"`
    case 'changeLevel':
      return `it is recorded by level "${step.level}", updates "${step.updates}"`
    case 'changeBackfill':
      return step.backfill
        ? 'rows from before the audit have no history'
        : 'backfill is still recorded as wanted'
    case 'changeEnableAlways':
      return step.enableAlways
        ? 'its triggers do not fire for what replication applies'
        : 'its triggers still fire for what replication applies'
    case 'changePartitions':
      return step.partitionBy
        ? `its history is not partitioned by ${step.partitionBy}`
        : 'partitions of its history are still made ahead'
    case 'changeWaivable':
      return step.waivable ? 'its capture cannot be waived yet' : 'its capture can still be waived'
    case 'renameTable':
      return `the table was called "${step.source.schema}"."${step.source.name}"`
    case 'renameObjects':
      return 'its audit table, functions and triggers have other names'
    case 'changeKey':
      return step.key.length === 0 ? 'it has no key' : `its key is ${step.key.join(', ')}`
    case 'retireTable':
      return 'it is audited no more, and no migration takes its triggers away'
    case 'resumeTable':
      return step.replaced === undefined
        ? 'its triggers are gone'
        : `its triggers are on "${step.replaced.schema}"."${step.replaced.name}", which had its name`
    case 'replaceFunctions':
      return REASONS[step.reason]
    case 'createSchema':
      return 'no migration creates the audit schema'
    case 'upgradeSchema':
      return 'this version of prisma-generator-audit writes other SQL'
    case 'moveSchema':
      return `the audit schema is "${step.name}"`
    case 'dropSchema':
      return `the audit schema "${step.name}" is still there`
    case 'changeWaiver':
      return step.role === undefined
        ? 'its capture can still be waived'
        : `captureWaiverRole is "${step.role}"`
    case 'unsupported':
      return step.detail
    default:
      return unreachable(step)
  }
}

const REASONS = {
  'branches met': 'two branches changed it',
  'enum changed': 'an enum type of one of its columns changed',
  'column retyped': 'one of its columns has another type',
} as const

/** The column of the source that a step is about. */
export function stepColumn(step: MigrationStep): string | undefined {
  switch (step.kind) {
    case 'addColumn':
    case 'changeColumn':
      return step.column.name
    case 'retireColumn':
    case 'setAsideColumn':
    case 'renameColumn':
      return step.column
    default:
      return undefined
  }
}
