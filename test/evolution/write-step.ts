import { renderBefore } from '../../packages/generator/src/sql/render-before.ts'
import { renderMigration } from '../../packages/generator/src/sql/render-migration.ts'
import type { DraftedStep, Step } from './changes.ts'
import { type Compiled, compileFolder, type Migration } from './compiler.ts'
import type { PrismaSql } from './prisma-sql.ts'
import { renderSchema } from './render-schema.ts'

/** What one step adds to the folder. */
export interface WrittenStep {
  readonly files: readonly Migration[]
  /** The audit part alone, and what takes it back; undefined where the step needs none. */
  readonly audit: { readonly sql: string; readonly down: string } | undefined
  /** The schema against the folder with the step in it. */
  readonly compiled: Compiled
}

/** Writes a step's migration as a developer does: with the wrapper, or with Prisma and then `generate`. */
export async function writeStep(
  draft: DraftedStep,
  { mode, number }: Pick<Step, 'mode'> & { readonly number: number },
  folder: readonly Migration[],
  prismaSql: PrismaSql,
): Promise<WrittenStep> {
  const schema = renderSchema(draft.target)
  const byPrisma = await prismaSql(renderSchema(draft.base), schema)
  const isEmpty = byPrisma.includes('This is an empty migration.')
  const text = [...draft.byHand, ...(isEmpty ? [] : [byPrisma])].join('\n')
  const name = (part: number, what: string) => `2026${String(number * 10 + part).padStart(10, '0')}_${what}`
  const before = text === '' ? [] : [{ name: name(0, 'step'), text }]
  const proposed = await compileFolder(schema, [...folder, ...before])
  const files = mode === 'wrapper' ? appended(proposed, before) : following(proposed, before, name)
  const { migration } = proposed
  const audit = migration && { sql: migration.sql, down: migration.downSql }
  return { files, audit, compiled: await compileFolder(schema, [...folder, ...files]) }

  function appended(proposal: Compiled, draftFiles: readonly Migration[]): readonly Migration[] {
    if (proposal.migration === undefined) return draftFiles
    const { plan, sql, slug } = proposal.migration
    const from = proposal.recorded
    const own = draftFiles[0]?.text ?? ''
    const part = /^COMMIT;$/m.test(own)
      ? sql
      : renderMigration(plan, { from, lockTimeout: proposal.lockTimeout, appended: true })
    const whole = [renderBefore(plan, { from }), own, part].join('\n')
    return [{ name: draftFiles[0]?.name ?? name(0, slug), text: whole }]
  }
}

function following(
  { migration, recorded }: Compiled,
  draftFiles: readonly Migration[],
  name: (part: number, what: string) => string,
): readonly Migration[] {
  if (migration === undefined) return draftFiles
  // Prisma's own migration fails without it, and the report says so.
  const first = renderBefore(migration.plan, { from: recorded })
  return [
    ...draftFiles.map((file) => ({ ...file, text: `${first}${file.text}` })),
    { name: name(1, `audit_${migration.slug}`), text: migration.sql },
  ]
}
