import type { Interference } from '../model/source-database.ts'

/** A trigger or function of ours that a migration of the application's took away. */
export interface LostObject {
  /** The trigger or function; undefined: all of the table's triggers. */
  readonly name: string | undefined
  /** The source table; undefined where the name is a function's. */
  readonly table: string | undefined
  readonly schema: string | undefined
  /** The migration's path. */
  readonly file: string
}

/** What is still disabled or dropped at the folder's end. */
export function lostObjects(interferences: readonly Interference[]): readonly LostObject[] {
  return interferences.flatMap((each, index): LostObject[] => {
    const { kind, target, trigger, place } = each
    if (kind === 'function dropped' || kind === 'function changed') {
      return [{ name: target.name, table: undefined, schema: undefined, file: place.file }]
    }
    if (kind !== 'triggers disabled' || interferences.slice(index).some((later) => undoes(later, each)))
      return []
    return [{ name: trigger, table: target.name, schema: target.schema, file: place.file }]
  })
}

/** `ENABLE TRIGGER` of the same trigger, or of all. */
export function undoes(later: Interference, { target, trigger }: Interference): boolean {
  return (
    later.kind === 'triggers enabled' &&
    later.target.name === target.name &&
    later.target.schema === target.schema &&
    (later.trigger === undefined || later.trigger === trigger)
  )
}
