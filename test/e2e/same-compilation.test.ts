import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { readProject } from '../../packages/generator/src/cli/read-project.ts'
import { compile } from '../../packages/generator/src/compile.ts'
import { fullSize, inventLargeProject } from '../support/large-project.ts'
import { createPrismaProject } from '../support/prisma-project.ts'

const reference = fileURLToPath(new URL('../../prisma/', import.meta.url))

/** The reference schema and its migrations before the first audit. */
function referenceProject() {
  const names = readdirSync(join(reference, 'migrations'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
  const first = names.findIndex((name) => name.includes('_audit_'))
  return {
    schema: readFileSync(join(reference, 'schema.prisma'), 'utf8'),
    migrations: Object.fromEntries(
      names
        .slice(0, first)
        .map((name) => [name, readFileSync(join(reference, 'migrations', name, 'migration.sql'), 'utf8')]),
    ),
  }
}

test.each([
  ['the reference schema', referenceProject],
  ['a large project', () => inventLargeProject(7, fullSize)],
])(
  'read without Prisma, %s compiles to what prisma generate writes',
  async (_, make) => {
    const project = await createPrismaProject({ ...make(), databaseUrl: 'postgresql://localhost:1/none' })
    afterAll(project.cleanup)
    const read = await readProject({}, project.dir)
    if (!read.ok) throw new Error('Prisma does not accept the schema')
    const folder = await read.project.readFolder()
    const { migration, typedModule } = compile({ ...read.project.input, folder })
    const output = join(project.dir, 'generated/audit')

    await project.prisma(['generate', '--generator', 'audit'])
    const written = (await project.migrationFiles()).find(({ name }) => name.includes('_audit_'))
    expect(written?.sql).toBe(migration?.sql)
    expect(migration?.sql).toContain('createAuditTable')
    for (const { path, text } of typedModule) expect(readFileSync(join(output, path), 'utf8')).toBe(text)
    expect(typedModule.length).toBeGreaterThan(0)
  },
  120_000,
)
