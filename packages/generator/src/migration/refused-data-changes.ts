import type { SessionSetting, SettingType } from '../model/audit-model.ts'
import { nameKey } from '../model/names.ts'
import type { DataChange, SourceDatabase } from '../model/source-database.ts'
import { literal, sql, sqlText } from '../sql/sql.ts'
import { applySteps } from '../state/apply-steps.ts'
import { type DatabaseState, EMPTY_STATE } from '../state/database-state.ts'
import { parseHeaders } from '../state/part-header.ts'
import type { MigrationFile } from './migration-file.ts'

/** A data change that our triggers refuse, and what to put before it. */
export interface RefusedDataChange {
  readonly change: DataChange
  /** Names of the required settings that the file does not set first, without `audit.`. */
  readonly missingSettings: readonly string[]
  /** One `SELECT set_config('audit.username', 'migration:<directory>', true);` a line. */
  readonly statement: string
}

/**
 * The data changes that run on a table that is audited by then, without its required settings. Each is
 * held against what the audit parts before it have built: a change that runs earlier is not refused.
 */
export function refusedDataChanges(
  files: readonly MigrationFile[],
  database: Pick<SourceDatabase, 'dataChanges'>,
): readonly RefusedDataChange[] {
  const changes = new Map<string, DataChange[]>()
  for (const change of database.dataChanges) {
    const ofFile = changes.get(change.migration)
    if (ofFile) ofFile.push(change)
    else changes.set(change.migration, [change])
  }
  const refused: RefusedDataChange[] = []
  let state = EMPTY_STATE
  for (const { name, text } of files) {
    // A part stands at the end of its file: what is written above it runs before it.
    const { parts } = text.includes('-- prisma-generator-audit ') ? parseHeaders(text) : { parts: [] }
    let waiting = changes.get(name) ?? []
    for (const part of parts) {
      const before = waiting.filter(({ place }) => place.line < part.line)
      waiting = waiting.filter(({ place }) => place.line >= part.line)
      for (const change of before) judge(change, state, refused)
      state = applySteps(state, part.steps)
    }
    for (const change of waiting) judge(change, state, refused)
  }
  return refused
}

function judge(change: DataChange, state: DatabaseState, into: RefusedDataChange[]): void {
  if (change.settingsBefore.includes('*')) return
  const key = nameKey(change.table)
  const table = state.tables.find((each) => each.capturing && nameKey(each.source) === key)
  if (!table || table.missingSettings === 'record') return
  const missing = table.settings.filter(
    (setting) =>
      setting.required &&
      !setting.retired &&
      setting.default === undefined &&
      !change.settingsBefore.includes(setting.name.toLowerCase()),
  )
  if (missing.length === 0) return
  into.push({
    change,
    missingSettings: missing.map(({ name }) => name),
    statement: missing.map((setting) => setStatement(setting, change.migration)).join('\n'),
  })
}

/** A value of each type that says "nobody", where the type cannot hold the migration's name. */
const PLACEHOLDERS = {
  String: undefined,
  Int: '0',
  BigInt: '0',
  Float: '0',
  Decimal: '0',
  Boolean: 'false',
  DateTime: '1970-01-01 00:00:00+00',
  Uuid: '00000000-0000-0000-0000-000000000000',
  Json: undefined,
} as const satisfies Record<SettingType, string | undefined>

function setStatement({ name, settingType }: SessionSetting, migration: string): string {
  const who = `migration:${migration}`
  const value = PLACEHOLDERS[settingType] ?? (settingType === 'Json' ? JSON.stringify(who) : who)
  return sqlText(sql`SELECT set_config(${literal(`audit.${name}`)}, ${literal(value)}, true);`)
}
