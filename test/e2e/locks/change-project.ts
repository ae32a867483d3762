import { expect } from 'vitest'
import { readProject } from '../../../packages/generator/src/cli/read-project.ts'
import { compile } from '../../../packages/generator/src/compile.ts'
import { hasErrors } from '../../../packages/generator/src/diagnostics.ts'
import type { PrismaProject } from '../../support/prisma-project.ts'

export interface Change {
  /** The schema after the change. */
  readonly schema: string
  /** What Prisma writes for it: the draft that gets the audit part. Without it the audit's migration stands alone. */
  readonly draft?: string
}

/**
 * Writes the migration of a change, as `prisma generate` or, into a draft, `migrate dev` of the command line does: the
 * compiler runs in this process, because deploying is what these tests are about.
 *
 * @returns the text of the new migration.sql
 */
export async function writeChange(project: PrismaProject, { schema, draft }: Change): Promise<string> {
  await project.write('prisma/schema.prisma', schema)
  const last = (await project.migrationFiles()).at(-1)?.name ?? '20240101000000'
  const name = `${BigInt(last.slice(0, 14)) + 1n}_change`
  const path = `prisma/migrations/${name}/migration.sql`
  if (draft !== undefined) await project.write(path, draft)
  const read = await readProject({}, project.dir)
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics))
  const folder = await read.project.readFolder()
  const compilation = compile({
    ...read.project.input,
    folder,
    draft: draft === undefined ? undefined : name,
  })
  expect(compilation.diagnostics.filter((each) => hasErrors([each]))).toEqual([])
  const { migration } = compilation
  if (migration === undefined) throw new Error('the change needs no migration')
  await project.write(path, migration.file)
  return migration.file
}
