import {
  type Column,
  type ColumnType,
  enumOf,
  findModel,
  keyColumns,
  type Model,
  valuedColumns,
  type World,
} from './world.ts'

/**
 * Columns whose values the step leaves as they were, so that the history holds them whether a row is written again
 * or not. `base`: the database after the statements by hand, where Prisma's own SQL starts.
 */
export function unaffectedColumns(before: World, base: World, after: World, model: Model): readonly Column[] {
  const old = findModel(base, model.id)
  const recorded = (world: World) =>
    findModel(world, model.id)?.columns.filter((column) => !column.excluded) ?? []
  return valuedColumns(model).filter((column) => {
    const was = old?.columns.find(({ id }) => id === column.id)
    const wasRecorded = recorded(before).some(({ id }) => id === column.id)
    const isSame = was && was.name === column.name && was.history === column.history
    return (
      isSame &&
      wasRecorded &&
      JSON.stringify(was.type) === JSON.stringify(column.type) &&
      JSON.stringify(enumOf(before, was.type)) === JSON.stringify(enumOf(after, column.type))
    )
  })
}

/** Whether the history before this step says nothing of the rows that are alive now, told apart by their key. */
export function beginsAnew(before: World, model: Model): boolean {
  const old = findModel(before, model.id)
  if (!old?.audited || old.life !== model.life || old.history !== model.history) return true
  const key = (each: Model) =>
    keyColumns(each)
      .map(({ history }) => history)
      .join()
  return key(old) !== key(model)
}

/**
 * Columns that gave their name to another one, or took another's: in a migration of its own, Prisma's file makes the
 * capture functions take the one for the other until the audit part follows. The documentation says so: that is what the wrapper is for.
 */
export function exchangedColumns(before: World, after: World, model: Model): ReadonlySet<number> {
  const old = findModel(before, model.id)?.columns ?? []
  const now = findModel(after, model.id)?.columns ?? []
  const taken = now.flatMap((column) => {
    const owner = old.find(({ name }) => name === column.name)
    return owner !== undefined && owner.id !== column.id ? [owner.id, column.id] : []
  })
  return new Set(taken)
}

/** Prisma casts from scalar to scalar; of all else it makes another column of the same name. */
function replacesType(from: ColumnType, to: ColumnType): boolean {
  const isCast = from.kind === 'scalar' && to.kind === 'scalar'
  return !isCast && JSON.stringify(from) !== JSON.stringify(to)
}

/** Whether a column of the model goes to another one, or is dropped and added with a type that takes other values. */
export function takesOtherValues(before: World, after: World, model: Model): boolean {
  if (exchangedColumns(before, after, model).size > 0) return true
  const old = findModel(before, model.id)?.columns ?? []
  return (findModel(after, model.id)?.columns ?? []).some((column) => {
    const was = old.find(({ id }) => id === column.id)
    return was !== undefined && replacesType(was.type, column.type)
  })
}

/**
 * Whether the former key is there under the names that it had, so that its trigger can be made again. A key column that
 * was renamed with the audit follows; one that went otherwise, with a new type for one or without an audit, has to come
 * back before down.sql runs, which says so.
 */
export function hasFormerKeys(before: World, after: World): boolean {
  return before.models.every((model) => {
    const now = findModel(after, model.id)
    if (!model.audited || !now) return true
    return keyColumns(model).every((column) =>
      now.columns.some(
        ({ id, name, history }) =>
          id === column.id && (name === column.name || (now.audited && history === column.history)),
      ),
    )
  })
}

/**
 * Whether Prisma's own migration would fail on the key's trigger of a table that is audited no more: nothing waits for
 * it, so no report gives the statement that has to stand first. The wrapper knows.
 */
export function needsWrapper(before: World, after: World): boolean {
  return before.models.some((model) => {
    const now = findModel(after, model.id)
    if (!model.audited || !now || now.audited) return false
    return keyColumns(model).some(
      (column) =>
        JSON.stringify(now.columns.find(({ id }) => id === column.id)?.type) !== JSON.stringify(column.type),
    )
  })
}
