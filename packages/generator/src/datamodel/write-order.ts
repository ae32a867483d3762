import type * as DMMF from '@prisma/dmmf'
import type { SchemaBlock } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'

interface Reference {
  readonly field: string
  readonly parent: string
}

/**
 * Two foreign keys that belong to the key, and both lead to one model's key: an UPDATE of that one may change a row's key twice, one
 * half after the other. At level statement both D stand before both U, and the key in between looks alive.
 *
 * @param key the fields by which the rows of the model are told apart
 */
export function keyChangedTwice(
  model: DMMF.Model,
  block: SchemaBlock,
  key: readonly string[],
  models: readonly DMMF.Model[],
): readonly Diagnostic[] {
  const own = following(model, key)
  return own.flatMap((first, index): readonly Diagnostic[] => {
    const found = own.slice(index + 1).flatMap((second) => {
      const root = commonRoot(first, second, models)
      return root === undefined ? [] : [{ second, root }]
    })[0]
    if (found === undefined) return []
    const { second, root } = found
    const place = block.fields.find(({ name }) => name === second.name)?.place
    return [
      {
        code: 'AUD510',
        severity: 'warning',
        message: `One UPDATE of the key of "${root}" may change the key of a "${model.name}" by "${first.name}" and by "${second.name}": what it was in between looks alive.`,
        ...(place ? { place } : {}),
        model: model.name,
        field: second.name,
        hint: 'Record this model row by row, in the order of the writes: @audit(enabled, level: row). Or write level: statement, if that key never changes.',
      },
    ]
  })
}

/** The foreign keys of a model by which an UPDATE of a parent changes one of these fields. */
function following(model: DMMF.Model, fields: readonly string[]): readonly DMMF.Field[] {
  return model.fields.filter(
    ({ relationFromFields, relationOnUpdate = 'Cascade' }) =>
      relationOnUpdate === 'Cascade' && relationFromFields?.some((field) => fields.includes(field)),
  )
}

/** The model whose UPDATE changes what both refer to: the parent of both, or one that the keys of the parents follow. */
function commonRoot(
  first: DMMF.Field,
  second: DMMF.Field,
  models: readonly DMMF.Model[],
): string | undefined {
  const roots = rootsOf(second, models)
  return [...rootsOf(first, models)].find((root) => roots.has(root))
}

/** The parent of a foreign key, and all that what it refers to follows: the nearest first. */
function rootsOf(reference: DMMF.Field, models: readonly DMMF.Model[]): ReadonlySet<string> {
  const seen = new Set<string>()
  const roots = new Set<string>()
  const pending = [reference]
  for (const each of pending) {
    roots.add(each.type)
    const parent = models.find(({ name }) => name === each.type)
    if (parent === undefined) continue
    for (const next of following(parent, each.relationToFields ?? [])) {
      const id = JSON.stringify([parent.name, next.name])
      if (seen.has(id)) continue
      seen.add(id)
      pending.push(next)
    }
  }
  return roots
}

/**
 * Foreign keys by which one DELETE may first set a row's column NULL and then take the row away: at level statement both
 * writes are recorded, but the D may stand before the U.
 *
 * PostgreSQL follows the foreign keys of the rows that a DELETE takes level by level. So the two can only meet in the wrong
 * order where the two parents are deleted at one level: both keys lead to one model, for one.
 */
export function writtenTwice(
  model: DMMF.Model,
  block: SchemaBlock,
  models: readonly DMMF.Model[],
): readonly Diagnostic[] {
  const taking = references(model, 'Cascade')
  if (taking.length === 0) return []
  return references(model, 'SetNull', 'SetDefault').flatMap((changing): Diagnostic[] => {
    const met = taking.flatMap(({ field, parent }) => {
      const root = models.find(({ name }) => meet(name, changing.parent, parent, models))
      return root === undefined ? [] : [{ field, root: root.name }]
    })[0]
    if (met === undefined) return []
    const place = block.fields.find(({ name }) => name === changing.field)?.place
    return [
      {
        code: 'AUD510',
        severity: 'warning',
        message: `One DELETE of "${met.root}" may change a "${model.name}" by "${changing.field}" and then delete it by "${met.field}": the D may be recorded before the U.`,
        ...(place ? { place } : {}),
        model: model.name,
        field: changing.field,
        hint: 'Record this model row by row, in the order of the writes: @audit(enabled, level: row). Or write level: statement, if that never matters.',
      },
    ]
  })
}

/** Without an `onDelete` Prisma writes SET NULL for an optional relation, and RESTRICT for a required one. */
function references({ fields }: DMMF.Model, ...actions: readonly string[]): readonly Reference[] {
  return fields
    .filter(({ relationFromFields }) => (relationFromFields?.length ?? 0) > 0)
    .filter(({ relationOnDelete, isRequired }) =>
      actions.includes(relationOnDelete ?? (isRequired ? 'Restrict' : 'SetNull')),
    )
    .map(({ name, type }) => ({ field: name, parent: type }))
}

/** Whether a DELETE of `root` may take rows of `taking` at a level between the first and the last of `changing`. */
function meet(root: string, changing: string, taking: string, models: readonly DMMF.Model[]): boolean {
  const levels = cascade(root, models)
  const first = levels.findIndex((level) => level.has(changing))
  if (first === -1) return false
  const last = levels.findLastIndex((level) => level.has(changing))
  return levels.some((level, index) => index >= first && index <= last && level.has(taking))
}

type Levels = readonly ReadonlySet<string>[]

/** What is found of a schema's models is asked for by each of them. */
const known = new WeakMap<readonly DMMF.Model[], (root: string) => Levels>()

/** The models whose rows a DELETE takes, level by level; of models in a circle as many levels as there are models. */
function cascade(root: string, models: readonly DMMF.Model[]): Levels {
  const levelsOf = known.get(models) ?? cascades(models)
  known.set(models, levelsOf)
  return levelsOf(root)
}

function cascades(models: readonly DMMF.Model[]): (root: string) => Levels {
  const children = new Map<string, Set<string>>()
  for (const model of models) {
    for (const { parent } of references(model, 'Cascade')) {
      children.set(parent, (children.get(parent) ?? new Set()).add(model.name))
    }
  }
  const found = new Map<string, Levels>()
  return (root) => {
    const levels = found.get(root) ?? cascadeOf(root, children, models.length)
    found.set(root, levels)
    return levels
  }
}

function cascadeOf(root: string, children: ReadonlyMap<string, ReadonlySet<string>>, most: number): Levels {
  const levels: ReadonlySet<string>[] = []
  let level: ReadonlySet<string> = new Set([root])
  while (level.size > 0 && levels.length <= most) {
    levels.push(level)
    level = new Set([...level].flatMap((parent) => [...(children.get(parent) ?? [])]))
  }
  return levels
}
