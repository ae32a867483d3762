import type pg from 'pg'
import { FULL_CONTEXT, inContext } from './context.ts'
import { type Draft, ident, literal, qualified } from './draft.ts'
import { enumOf, type World } from './world.ts'

/** Moves the rows off the labels that the next migration removes, as a developer does beforehand. */
export async function leaveLabels(
  client: pg.ClientBase,
  world: World,
  leaving: Draft['leaving'],
): Promise<void> {
  for (const model of world.models) {
    for (const { name, type } of model.columns) {
      const value = leaving.find((each) => type.kind === 'enum' && each.enum === type.enum)?.value
      const found = enumOf(world, type)
      if (value === undefined || !found || type.kind !== 'enum') continue
      const enumName = qualified({ schema: found.schema, table: found.name })
      const label = `${literal(value)}::${enumName}`
      const statement = type.list
        ? `SET ${ident(name)} = array_remove(${ident(name)}, ${label}) WHERE ${label} = ANY (${ident(name)})`
        : `SET ${ident(name)} = ${literal(found.values[0] ?? '')} WHERE ${ident(name)} = ${label}`
      await inContext(client, FULL_CONTEXT, () => client.query(`UPDATE ${qualified(model)} ${statement}`))
    }
  }
}
