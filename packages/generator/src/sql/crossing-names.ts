import type { AuditTableObject } from '../state/database-state.ts'
import type { TableGroup } from '../state/table-group.ts'
import { isRenamed, takenNames } from './rename-objects.ts'

/** Tables whose objects get names in one transaction. */
export interface Cluster {
  readonly groups: readonly TableGroup[]
  /** A name that one of them gets is one that another, or another object of its own, gives up. */
  readonly crosses: boolean
}

/**
 * Every group by itself, but those that exchange names, in a circle or a chain, together: after each of them alone the
 * names would tell nobody, when a failed migration runs again, whose history they are. First come the tables that are
 * audited no more: another one may get a function under the name of theirs, which goes.
 */
export function clusterGroups(all: readonly TableGroup[]): readonly Cluster[] {
  const groups = [...all.filter(isRetired), ...all.filter((group) => !isRetired(group))]
  const leaders = new Map(groups.map((group) => [group, group]))
  const leader = (group: TableGroup): TableGroup => {
    const next = leaders.get(group) ?? group
    return next === group ? group : leader(next)
  }
  const givers = groups.filter(({ before, after }) => before !== undefined && isRenamed(before, after))
  for (const group of groups) {
    for (const giver of givers) {
      if (giver !== group && takesFrom(group, giver)) leaders.set(leader(giver), leader(group))
    }
  }
  const clusters = new Map<TableGroup, TableGroup[]>()
  for (const group of groups) clusters.set(leader(group), [...(clusters.get(leader(group)) ?? []), group])
  return [...clusters.values()].map((members) => ({
    groups: members,
    crosses: members.length > 1 || members.some(crossesItself),
  }))
}

function isRetired({ before, after }: TableGroup): boolean {
  return before?.capturing === true && !after.capturing
}

function takesFrom(group: TableGroup, giver: TableGroup): boolean {
  const isNew = group.before === undefined || isRenamed(group.before, group.after)
  return isNew && giver.before !== undefined && overlap(wanted(group), takenNames(giver.before))
}

/** The names that the objects have in the end, with those of a function that only the former self has. */
function wanted({ before, after }: TableGroup) {
  return takenNames(before === undefined ? after : named(before, after))
}

function overlap(a: ReturnType<typeof takenNames>, b: ReturnType<typeof takenNames>): boolean {
  return (
    a.relations.some((name) => b.relations.includes(name)) ||
    a.functions.some((name) => b.functions.includes(name))
  )
}

/** One object gets the name of another one of the same table, which gets another name too. */
function crossesItself({ before, after }: TableGroup): boolean {
  if (before === undefined) return false
  const [from, to] = [takenNames(before), takenNames(named(before, after))]
  const crosses = (old: readonly string[], next: readonly string[]) =>
    next.some((name, role) => old.indexOf(name) !== -1 && old.indexOf(name) !== role)
  const triggers = [before.names, after.names].map((names) => [
    names.insertTrigger,
    names.updateTrigger,
    names.deleteTrigger,
    names.keyTrigger,
    names.truncateTrigger,
  ])
  return (
    crosses(from.relations, to.relations) ||
    crosses(from.functions, to.functions) ||
    crosses(triggers[0] ?? [], triggers[1] ?? [])
  )
}

/** `table` under the names that `as` has. */
export function named(table: AuditTableObject, as: AuditTableObject): AuditTableObject {
  const { shared: _, ...rest } = table
  return {
    ...rest,
    schema: as.schema,
    ...(as.shared ? { shared: true } : {}),
    names: as.names,
    source: as.source,
  }
}
