import { readFileSync } from 'node:fs'
import internals from '@prisma/internals'
import { beforeAll, describe, expect, test } from 'vitest'
import { compile } from '../src/compile.ts'
import { parseOptions, renderOptionTable } from '../src/config.ts'
import { foldMigrations } from '../src/migration/fold-migrations.ts'

const document = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

/** The texts of a document's code blocks in one language. */
function codeBlocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  )
}

async function migrationOf(datamodel: string): Promise<string> {
  const schema = `${datamodel}\ndatasource db {\n  provider = "postgresql"\n}\n`
  const file = {
    name: '20260304000000_init',
    path: 'prisma/migrations/20260304000000_init/migration.sql',
    text: 'CREATE TABLE "Order" ("id" SERIAL PRIMARY KEY, "total" DECIMAL(10,2) NOT NULL);',
  }
  const { options } = parseOptions({ sessionSettings: ['username String', 'reason String?'] })
  const compilation = compile({
    dmmf: await internals.getDMMF({ datamodel: schema }),
    schemaFiles: [{ path: 'prisma/schema.prisma', text: schema }],
    options,
    datasourceSchemas: [],
    clientGenerators: [],
    folder: { files: [file], database: await foldMigrations([file]) },
  })
  expect(compilation.diagnostics).toEqual([])
  return compilation.migration?.sql ?? ''
}

describe('The documents are true', () => {
  let sql = ''

  beforeAll(async () => {
    const [datamodel = ''] = codeBlocks(document('README.md'), 'prisma')
    const byRow = datamodel.replace('@audit(enabled)', '@audit(enabled, level: row, updates: changed)')
    const golden = ['rename-column', 'waiver'].map((name) =>
      document(`packages/generator/test/golden/sql/${name}.sql`),
    )
    sql = (await migrationOf(datamodel)) + (await migrationOf(byRow)) + golden.join('')
  })

  test('docs/sql.md shows the SQL that the generator emits for the model of the README', () => {
    const shown = codeBlocks(document('docs/sql.md'), 'sql').filter((code) =>
      /^\s*(CREATE|IF TG_OP|LOOP|-- {1,2}An|-- Refused)/.test(code),
    )
    expect(shown.length).toBeGreaterThanOrEqual(11)
    for (const code of shown) expect(sql).toContain(code.trimEnd())
  })

  test("the README's option table is the option table", () => {
    expect(document('README.md')).toContain(renderOptionTable().trim())
  })
})
