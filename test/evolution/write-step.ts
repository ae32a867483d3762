import { renderBefore } from '../../packages/generator/src/sql/render-before.ts'
import type { DraftedStep, Step } from './changes.ts'
import { type Compiled, compileFolder, type Migration } from './compiler.ts'
import type { PrismaSql } from './prisma-sql.ts'
import { renderSchema } from './render-schema.ts'

interface Part {
  readonly up: string
  readonly down: string
}

/** What one step adds to the folder. */
export interface WrittenStep {
  readonly files: readonly Migration[]
  /** The audit parts alone, and what takes each back. */
  readonly parts: readonly Part[]
  /** The schema against the folder with the step in it. */
  readonly compiled: Compiled
}

/** The step's migration as a developer gets it: from the wrapper, or from Prisma and then from `generate`. */
export async function writeStep(
  draft: DraftedStep,
  { mode, number }: Pick<Step, 'mode'> & { readonly number: number },
  folder: readonly Migration[],
  prismaSql: PrismaSql,
): Promise<WrittenStep> {
  const schema = renderSchema(draft.target)
  const byPrisma = await prismaSql(renderSchema(draft.base), schema)
  const isEmpty = byPrisma.includes('This is an empty migration.')
  const stamp = (part: number) => `2026${String(number * 10 + part).padStart(10, '0')}`
  const text = [...draft.byHand, ...(isEmpty && draft.byHand.length > 0 ? [] : [byPrisma])].join('\n')
  const own = { name: `${stamp(0)}_step`, text }
  if (mode === 'wrapper') {
    const { migration } = await compileFolder(schema, [...folder, own], own.name)
    const completed = migration === undefined ? own : { ...own, text: migration.file }
    const parts = partsOf(migration)
    // Tables that the draft does not touch get a migration of their own.
    const { migration: rest } = await compileFolder(schema, [...folder, completed])
    return await written(parts, [completed], rest)
  }
  // Without anything to do, Prisma makes no migration.
  const before = isEmpty && draft.byHand.length === 0 ? [] : [own]
  const { migration, recorded } = await compileFolder(schema, [...folder, ...before])
  // Prisma's own migration fails without it, and the report says so.
  const first = migration === undefined ? '' : renderBefore(migration.plan, { from: recorded })
  const files = before.map((file) => ({ ...file, text: `${first}${file.text}` }))
  return await written([], files, migration)

  async function written(
    parts: readonly Part[],
    files: readonly Migration[],
    next: Compiled['migration'],
  ): Promise<WrittenStep> {
    const all =
      next === undefined ? files : [...files, { name: `${stamp(1)}_audit_${next.slug}`, text: next.sql }]
    const compiled = await compileFolder(schema, [...folder, ...all])
    return { files: all, parts: [...parts, ...partsOf(next)], compiled }
  }
}

function partsOf(migration: Compiled['migration']): readonly Part[] {
  return migration === undefined || migration.sql === ''
    ? []
    : [{ up: migration.sql, down: migration.downSql }]
}
