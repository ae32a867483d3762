/** Session settings with the one value that a writer gives, which fits every type that the setting may have. */
export const SETTINGS = {
  username: { value: 'o\'hara "✓"', types: ['String'] },
  ticket: { value: '42', types: ['Int', 'BigInt', 'String', 'Decimal', 'Float', 'Json'] },
  request_id: { value: '6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b', types: ['Uuid', 'String'] },
  Dry: { value: 'true', types: ['Boolean', 'String', 'Json'] },
  moment: { value: '2026-01-02 03:04:05+00', types: ['DateTime', 'String'] },
  a_setting_whose_own_name_is_as_long_as_the_audit_column_allows: { value: 'long', types: ['String'] },
} as const satisfies Record<string, { readonly value: string; readonly types: readonly SettingTypeName[] }>

export type SettingName = keyof typeof SETTINGS
export type SettingTypeName =
  | 'String'
  | 'Int'
  | 'BigInt'
  | 'Float'
  | 'Boolean'
  | 'DateTime'
  | 'Decimal'
  | 'Uuid'
  | 'Json'

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[]
/** What stands in for a setting that a write does not carry. */
export const SETTING_DEFAULT = 'nobody'

export function settingTypes(name: SettingName): readonly SettingTypeName[] {
  return SETTINGS[name].types
}

/** As a list in schema.prisma has it: `ticket Int?`. */
export function settingText(setting: {
  readonly name: SettingName
  readonly type: SettingTypeName
  readonly required: boolean
  readonly hasDefault: boolean
}): string {
  const { name, type, required, hasDefault } = setting
  const prisma = type === 'Uuid' ? 'String' : type
  return [
    `${name} ${prisma}${required ? '' : '?'}`,
    ...(type === 'Uuid' ? ['@db.Uuid'] : []),
    ...(hasDefault ? [`@default("${SETTING_DEFAULT}")`] : []),
  ].join(' ')
}
