import { parseSettingSyntax } from '../annotation/parser.ts'
import type { AuditOptions } from '../config.ts'
import { resolveSetting } from '../datamodel/session-settings.ts'
import { type AuditModel, isJoinTable, type SettingType } from '../model/audit-model.ts'

/** A setting as the whole application sees it. */
export interface ContextSetting {
  readonly name: string
  readonly type: SettingType
  /** Some audited model needs it and nothing fills in for it. */
  readonly required: boolean
  /** Models whose history has a column for it, sorted. */
  readonly models: readonly string[]
}

/**
 * The settings that one context carries for all models: the generator block's in its order, also those that no model uses
 * yet, then those of models by name.
 */
export function contextSettings(
  model: AuditModel,
  options: Pick<AuditOptions, 'sessionSettings'>,
): readonly ContextSetting[] {
  const used = model.tables.flatMap((table) =>
    table.settings
      .filter(({ fact }) => fact === undefined)
      .map((setting) => ({ ...setting, model: table.model })),
  )
  const declared = options.sessionSettings.flatMap(declaredSetting)
  const others = [...new Set(used.map(({ name }) => name))]
    .filter((name) => !declared.some((each) => each.name === name))
    .sort()
  const types = new Map([...used.map(({ name, settingType }) => [name, settingType] as const).reverse()])
  const names = [...declared, ...others.map((name) => ({ name, type: types.get(name) ?? 'String' }))]
  return names.map(({ name, type }) => {
    const uses = used.filter((each) => each.name === name)
    return {
      name,
      type,
      required: uses.some((each) => each.required && each.default === undefined),
      models: [...new Set(uses.filter((each) => !isJoinTable(each)).map((each) => each.model))].sort(),
    }
  })
}

function declaredSetting(text: string): readonly { name: string; type: SettingType }[] {
  const { syntax } = parseSettingSyntax(text, { file: '', line: 1, column: 1, length: 1 })
  const setting = syntax && resolveSetting(syntax).setting
  return setting ? [{ name: setting.name, type: setting.settingType }] : []
}
