import type { SettingType, SettingValue } from '../setting-value.ts'
import type { SettingDefinition } from '../settings.ts'

const PLACEHOLDERS = {
  String: 'test',
  Int: 0,
  BigInt: 0n,
  Float: 0,
  Boolean: false,
  DateTime: new Date(0),
  Decimal: '0',
  Uuid: '00000000-0000-4000-8000-000000000000',
  Json: {},
} as const satisfies Record<SettingType, SettingValue>

/**
 * A context for factories and fixtures, which nobody in particular writes: each required setting has a value that is
 * plainly a test's (`'test'`, `0`, 1970), optional ones are absent. A setting that becomes required one day breaks no factory.
 *
 * @param settings `auditSettings` of the generated module
 * @param values what the test cares about, over the rest
 */
export function testContext<Context extends object>(
  settings: readonly SettingDefinition[],
  values: Partial<Context> = {},
): Context {
  const required = settings.filter((setting) => setting.required)
  const filled = Object.fromEntries(required.map(({ name, type }) => [name, PLACEHOLDERS[type]]))
  // What the definitions list as required is what the generated type requires: both come from one schema.
  return { ...filled, ...values } as Context
}
