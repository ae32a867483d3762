import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  auditedModel,
  compileProject,
  createTable,
  type Migrations,
  schemaOf,
  stepsOf,
  withNext,
} from './compile-project.ts'

const start: Migrations = {
  '20260101000000_init': createTable('A') + createTable('B'),
}
const startSchema = schemaOf(`${auditedModel('A')}\n${auditedModel('B')}`)

async function trunk(): Promise<Migrations> {
  return withNext(start, await compileProject(startSchema, start), '20260102000000')
}

/** A branch from the trunk: Prisma's migration adds a column, the next part records it. */
async function branch(day: string, model: 'A' | 'B', column: string): Promise<Migrations> {
  const columns = { A: [] as string[], B: [] as string[], [model]: [column] }
  const schema = schemaOf(`${auditedModel('A', ...columns.A)}\n${auditedModel('B', ...columns.B)}`)
  const migrations = {
    ...(await trunk()),
    [`202601${day}000000_${column}`]: `ALTER TABLE "${model}" ADD COLUMN "${column}" TEXT;\n`,
  }
  return withNext(migrations, await compileProject(schema, migrations), `202601${day}000001`)
}

test('two branches that changed one table are merged by one part, which re-emits its functions from both', async () => {
  const merged = { ...(await branch('03', 'A', 'left')), ...(await branch('04', 'A', 'right')) }
  const schema = schemaOf(`${auditedModel('A', 'left', 'right')}\n${auditedModel('B')}`)
  const project = await compileProject(schema, merged)
  expect(stepsOf(project)).toEqual(['replaceFunctions public.A'])
  expect(project.migration?.slug).toBe('a_merge')
  expect(project.migration?.sql).toMatch(/changed\."left",\s+changed\."right"/)
  expect(project.text.replace(/[0-9a-f]{16}/g, '<hash>')).toMatchInlineSnapshot(`
    "migrations/20260104000001_audit_a_add_column_right/migration.sql:1:1 - warning AUD602: In 20260104000001_audit_a_add_column_right, its audit part starts from state <hash>, but the migrations before it leave <hash>: two branches were merged.
        1 | -- prisma-generator-audit v1 from=<hash> text=<hash>
          | ^
       The next audit migration re-emits the functions of the tables concerned.

    1 warning
    "
  `)

  const done = withNext(merged, project, '20260105000000')
  const again = await compileProject(schema, done)
  expect({ migration: again.migration, diagnostics: again.diagnostics }).toEqual({
    migration: undefined,
    diagnostics: [],
  })
})

test('whichever branch comes first, the merge records the same columns', async () => {
  const merges = await Promise.all(
    [
      ['03', '04'],
      ['04', '03'],
    ].map(async ([left = '', right = '']) => {
      const merged = { ...(await branch(left, 'A', 'left')), ...(await branch(right, 'A', 'right')) }
      const schema = schemaOf(`${auditedModel('A', 'left', 'right')}\n${auditedModel('B')}`)
      return (await compileProject(schema, merged)).migration?.sql ?? ''
    }),
  )
  const recorded = merges.map((sql) =>
    [...new Set([...sql.matchAll(/changed\."(\w+)"/g)].map(([, name]) => name))].sort(),
  )
  expect(recorded[0]).toEqual(['id', 'left', 'right'])
  expect(recorded[1]).toEqual(recorded[0])
})

test('two branches that changed different tables need no merge part', async () => {
  const merged = { ...(await branch('03', 'A', 'left')), ...(await branch('04', 'B', 'right')) }
  const project = await compileProject(
    schemaOf(`${auditedModel('A', 'left')}\n${auditedModel('B', 'right')}`),
    merged,
  )
  expect(project.migration).toBeUndefined()
  expect(project.diagnostics.map(({ code, severity }) => [code, severity])).toEqual([['AUD602', 'info']])
})

test('two branches that both enabled one table are merged', async () => {
  const bare: Migrations = { '20260101000000_init': createTable('A') }
  const schema = schemaOf(auditedModel('A'))
  const left = withNext(bare, await compileProject(schema, bare), '20260102000000')
  const right = withNext(bare, await compileProject(schema, bare), '20260103000000')
  const merged = { ...left, ...right }
  const project = await compileProject(schema, merged)
  expect(stepsOf(project)).toEqual(['replaceFunctions public.A'])
  const again = await compileProject(schema, withNext(merged, project, '20260104000000'))
  expect(again.migration).toBeUndefined()
})

test('what was written is recorded: compiling again gives no migration, and no word', async () => {
  const again = await compileProject(startSchema, await trunk())
  expect({ ...again, files: [], model: [], typedModule: [] }).toMatchObject({
    migration: undefined,
    diagnostics: [],
    waiting: [],
  })
})

test('line ends that git changed to CRLF change nothing', async () => {
  const crlf = Object.fromEntries(
    Object.entries(await trunk()).map(([name, text]) => [name, text.replaceAll('\n', '\r\n')]),
  )
  const again = await compileProject(startSchema.replaceAll('\n', '\r\n'), crlf)
  expect({ migration: again.migration, diagnostics: again.diagnostics }).toEqual({
    migration: undefined,
    diagnostics: [],
  })
})

const names = ['Alpha', 'Beta', 'Gamma', 'Delta', 'Epsilon']
const head = schemaOf('')
const folder: Migrations = { '20260101000000_init': names.map((name) => createTable(name, 'note')).join('') }

test('the same input gives the same bytes, whatever the order of models and files', async () => {
  const whole = await compileProject(
    `${head}${names.map((name) => auditedModel(name, 'note')).join('\n')}`,
    folder,
  )
  const expected = { typedModule: whole.typedModule, migration: whole.migration }
  expect(whole.migration?.slug).toBe('5_tables')
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(names, { minLength: names.length }),
      fc.boolean(),
      async (order, severalFiles) => {
        const models = order.map((name): [string, string] => [`${name}.prisma`, auditedModel(name, 'note')])
        const schema = severalFiles
          ? Object.fromEntries([...models, ['schema.prisma', head]])
          : `${models.map(([, text]) => text).join('\n')}\n${head}`
        const { typedModule, migration } = await compileProject(schema, folder)
        expect({ typedModule, migration }).toEqual(expected)
      },
    ),
    { numRuns: process.env.AUDIT_TEST_SIZE === 'full' ? 200 : 12 },
  )
})

test('the order in which tables were created does not change a byte', async () => {
  const schema = `${head}${names.map((name) => auditedModel(name, 'note')).join('\n')}`
  const forwards = await compileProject(schema, folder)
  const backwards = await compileProject(schema, {
    '20260101000000_init': [...names]
      .reverse()
      .map((name) => createTable(name, 'note'))
      .join(''),
  })
  expect(backwards.migration).toEqual(forwards.migration)
})
