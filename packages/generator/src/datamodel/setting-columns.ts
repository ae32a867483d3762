import type { Diagnostic } from '../diagnostics.ts'
import type { AuditedColumn, SessionSetting } from '../model/audit-model.ts'
import { OWN_COLUMNS } from './audit-columns.ts'
import { type NamingOptions, settingColumnName, tooLong } from './audit-names.ts'
import type { SettingDeclaration } from './session-settings.ts'

/** Gives the settings of a table their columns, and checks these against the table's other columns. */
export function resolveSettingColumns(
  model: string,
  declarations: readonly SettingDeclaration[],
  columns: readonly AuditedColumn[],
  options: NamingOptions,
): { settings: readonly SessionSetting[]; diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const settings = declarations.map(({ place, ...declaration }): SessionSetting => {
    const at = place.file === '' ? {} : { place }
    const { name: column, tooLong: isTooLong } = settingColumnName(declaration.name, options)
    if (isTooLong) diagnostics.push(tooLong('setting column name', column, at.place))
    const source = columns.find(({ name }) => name === column)
    if (OWN_COLUMNS.includes(column)) {
      diagnostics.push({
        code: 'AUD310',
        severity: 'error',
        message: `The session setting "${declaration.name}" would get the column "${column}", which every audit table has already.`,
        ...at,
        hint: 'Give the setting another name.',
      })
    } else if (source) {
      diagnostics.push({
        code: 'AUD309',
        severity: 'error',
        message: `The session setting "${declaration.name}" would get the column "${column}", which is also the column of "${model}.${source.field}".`,
        ...at,
        model,
        field: source.field,
        hint: 'Give the setting another name, or change the option settingColumn.',
      })
    }
    return { ...declaration, column }
  })
  return { settings, diagnostics }
}
