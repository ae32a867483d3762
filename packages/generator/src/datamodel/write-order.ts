import type * as DMMF from '@prisma/dmmf'
import type { SchemaBlock } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'

interface Reference {
  readonly field: string
  readonly parent: string
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
        hint: 'Record this model row by row, in the order of the writes: @audit(enabled, level: row)',
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
  const last = levels.findLastIndex((level) => level.has(changing))
  return first >= 0 && levels.some((level, index) => index >= first && index <= last && level.has(taking))
}

/** The models whose rows a DELETE takes, level by level; of models in a circle as many levels as there are models. */
function cascade(root: string, models: readonly DMMF.Model[]): readonly ReadonlySet<string>[] {
  const levels: ReadonlySet<string>[] = []
  let level: ReadonlySet<string> = new Set([root])
  while (level.size > 0 && levels.length <= models.length) {
    levels.push(level)
    const parents = level
    const children = models.filter((model) =>
      references(model, 'Cascade').some(({ parent }) => parents.has(parent)),
    )
    level = new Set(children.map(({ name }) => name))
  }
  return levels
}
