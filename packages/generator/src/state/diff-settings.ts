import type { AuditTableObject, StateSetting } from './database-state.ts'
import type { ColumnSteps } from './diff-columns.ts'
import { isCatalogOnlyWidening, sameType } from './type-change.ts'

/** Session settings that came, went or changed; they are matched by the setting's name. */
export function diffSettings(before: AuditTableObject, after: AuditTableObject): ColumnSteps {
  const { source } = before
  const wanted = new Map(live(after).map((setting) => [setting.name, setting]))
  const present = new Map(live(before).map((setting) => [setting.name, setting]))
  const replaced = (setting: StateSetting) => {
    const old = present.get(setting.name)
    return old === undefined || needsNewColumn(old, setting)
  }
  const retired = (setting: StateSetting) => {
    const next = wanted.get(setting.name)
    return next === undefined || needsNewColumn(setting, next)
  }
  return {
    retire: live(before)
      .filter(retired)
      .map((setting) => ({ kind: 'retireSetting', source, column: setting.column })),
    change: live(after)
      .filter((setting) => !replaced(setting) && isChanged(present.get(setting.name), setting))
      .map((setting) => ({ kind: 'changeSetting', source, setting: withoutMark(setting) })),
    add: live(after)
      .filter(replaced)
      .map((setting) => ({ kind: 'addSetting', source, setting: withoutMark(setting) })),
  }
}

function live(table: AuditTableObject): readonly StateSetting[] {
  return table.settings.filter((setting) => !setting.retired)
}

function withoutMark({ retired: _, ...setting }: StateSetting): Omit<StateSetting, 'retired'> {
  return setting
}

/** What the application says and what PostgreSQL knows are not mixed. */
function needsNewColumn(from: StateSetting, to: StateSetting): boolean {
  if (from.fact !== to.fact) return true
  return !sameType(from.type, to.type) && !isCatalogOnlyWidening(from.type, to.type)
}

function isChanged(from: StateSetting | undefined, to: StateSetting): boolean {
  if (from === undefined) return false
  return (
    !sameType(from.type, to.type) ||
    from.settingType !== to.settingType ||
    from.required !== to.required ||
    from.default !== to.default
  )
}
