import { AuditContextError } from './errors.ts'
import { nearestName } from './nearest-name.ts'
import { type SettingType, type SettingValue, settingText } from './setting-value.ts'

/** One of the project's fixed list of session settings. */
export interface SettingDefinition {
  readonly name: string
  readonly type: SettingType
  /** Whether the database refuses a write without it. Checked there, and by the types; not here. */
  readonly required: boolean
}

/** Who makes a write and why: a value for each session setting. */
export type AuditContext = { readonly [setting: string]: SettingValue }

/** What is written to PostgreSQL: names without the `audit.` prefix, values in text form, `''` for an absent one. */
export type AuditSettings = readonly (readonly [name: string, value: string])[]

const validName = /^[A-Za-z][A-Za-z0-9_]*$/

/**
 * Makes the settings of a context. With definitions it is always their full list, in their order, so that nothing
 * survives from elsewhere; without, it is the context's own keys.
 *
 * @throws AuditContextError `INVALID_CONTEXT`, `INVALID_SETTING`, `UNKNOWN_SETTING` or `INVALID_VALUE`
 */
export function settingsOf(context: AuditContext, definitions?: readonly SettingDefinition[]): AuditSettings {
  assertContext(context)
  const given = Object.keys(context)
  if (definitions === undefined) {
    assertNames(given)
    return given.map((name) => [name, settingText(name, undefined, context[name])])
  }
  for (const name of given) {
    if (!definitions.some((definition) => definition.name === name)) throw unknown(name, definitions)
  }
  return definitions.map(({ name, type }) => [
    name,
    settingText(name, type, Object.hasOwn(context, name) ? context[name] : undefined),
  ])
}

/**
 * Checks names before they become part of an SQL statement.
 * PostgreSQL folds the case of setting names, so two that differ only in case are one.
 *
 * @throws AuditContextError `INVALID_SETTING`
 */
export function assertNames(names: readonly string[]): void {
  const seen = new Map<string, string>()
  for (const name of names) {
    if (!validName.test(name)) {
      throw new AuditContextError(
        'INVALID_SETTING',
        `${JSON.stringify(name)} cannot name an audit setting.`,
        {
          setting: name,
          hint: 'A name is a letter followed by letters, digits and underscores.',
        },
      )
    }
    const twin = seen.get(name.toLowerCase())
    if (twin !== undefined) {
      throw new AuditContextError(
        'INVALID_SETTING',
        `The audit settings "${twin}" and "${name}" are the same setting to PostgreSQL, which ignores case.`,
        { setting: name },
      )
    }
    seen.set(name.toLowerCase(), name)
  }
}

/** A promise or a collection has no keys and would pass as a context without any setting. */
export function assertContext(context: unknown): void {
  const usable =
    typeof context === 'object' && context !== null && !('then' in context) && !(Symbol.iterator in context)
  if (usable) return
  throw new AuditContextError('INVALID_CONTEXT', 'The audit context must be an object of settings.', {
    hint: 'Give an object such as { username: "ann" }, or a function that returns one at once (not a promise).',
  })
}

function unknown(name: string, definitions: readonly SettingDefinition[]): AuditContextError {
  const known = definitions.map((definition) => definition.name)
  const nearest = nearestName(name, known)
  return new AuditContextError('UNKNOWN_SETTING', `There is no audit setting ${JSON.stringify(name)}.`, {
    setting: name,
    hint: nearest === undefined ? `The settings are: ${known.join(', ')}.` : `Did you mean "${nearest}"?`,
  })
}
