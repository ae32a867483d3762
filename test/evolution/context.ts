import type pg from 'pg'
import { SETTING_NAMES, SETTINGS, type SettingName } from './settings.ts'
import { type Model, settingsOf, type World } from './world.ts'

/** Who writes and why: the settings that a write carries, as text. */
export type Context = ReadonlyMap<SettingName, string>

/** All settings that a project ever has: an application that is ahead of the database. */
export const FULL_CONTEXT: Context = new Map(SETTING_NAMES.map((name) => [name, SETTINGS[name].value]))

/** No more than the model's audit demands. */
export function leastContext(world: World, model: Model): Context {
  const mode = model.missingSettings ?? world.audit.missingSettings ?? 'refuse'
  const needed = settingsOf(world, model).filter(
    ({ required, hasDefault }) => mode === 'refuse' && required && !hasDefault,
  )
  return new Map(needed.map(({ name }) => [name, SETTINGS[name].value]))
}

/** One transaction with the context in it. */
export async function inContext<T>(
  client: pg.ClientBase,
  context: Context,
  work: () => Promise<T>,
): Promise<T> {
  await client.query('BEGIN')
  try {
    const names = [...context.keys()].map((name) => `audit.${name}`)
    await client.query({
      name: 'evolution_context',
      text: 'SELECT set_config(name, value, true) FROM unnest($1::text[], $2::text[]) AS s (name, value)',
      values: [names, [...context.values()]],
    })
    const result = await work()
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}
