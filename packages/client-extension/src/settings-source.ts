import {
  type AuditContext,
  type AuditSettings,
  assertNames,
  type SettingDefinition,
  settingsOf,
} from './settings.ts'

/** A context, or a function that is asked for it at every call and may answer that there is none. */
export type ContextSource = AuditContext | (() => AuditContext | undefined)

/** Gives the settings for the call that is being made now; `undefined` where there is no context. */
export type SettingsSource = () => AuditSettings | undefined

/**
 * A fixed context is checked here, once, so that a mistake shows where the context is given.
 * A function's answer is checked at each call.
 *
 * @throws AuditContextError as `settingsOf`
 */
export function settingsSource(
  context: ContextSource,
  definitions?: readonly SettingDefinition[],
): SettingsSource {
  if (definitions !== undefined) assertNames(definitions.map(({ name }) => name))
  if (typeof context !== 'function') {
    const settings = someSettings(settingsOf(context, definitions))
    return () => settings
  }
  return () => {
    const current = context()
    return current === undefined ? undefined : someSettings(settingsOf(current, definitions))
  }
}

/** With no setting at all there is nothing to write. */
function someSettings(settings: AuditSettings): AuditSettings | undefined {
  return settings.length === 0 ? undefined : settings
}
