import pg from 'pg'
import { expect, test } from 'vitest'
import { compileProject, type Migrations } from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

const withEnum = (...values: readonly string[]) =>
  schemaWith(
    `enum Status {\n  ${values.join('\n  ')}\n}\n\n/// @audit(enabled)\nmodel A {\n  id Int @id\n  status Status\n  tag String\n}`,
  )
const init = `CREATE TYPE "Status" AS ENUM ('NEW', 'DONE', 'HELD');
CREATE TABLE "A" ("id" INTEGER NOT NULL, "status" "Status" NOT NULL, "tag" TEXT NOT NULL, CONSTRAINT "A_pkey" PRIMARY KEY ("id"));
`

/** As Prisma writes it where a value goes. */
const RECREATE = `-- AlterEnum
BEGIN;
CREATE TYPE "Status_new" AS ENUM ('NEW', 'DONE');
ALTER TABLE "A" ALTER COLUMN "status" TYPE "Status_new" USING ("status"::text::"Status_new");
ALTER TYPE "Status" RENAME TO "Status_old";
ALTER TYPE "Status_new" RENAME TO "Status";
DROP TYPE "Status_old";
COMMIT;
`

/** What an open connection that has written before meets after each migration. */
async function openConnection(done: Migrations, write: (id: number) => string): Promise<readonly string[]> {
  const met: string[] = []
  const names = Object.keys(done).sort()
  const database = await apply(
    Object.fromEntries(names.slice(0, 2).map((name) => [name, done[name] ?? ''])),
    {},
  )
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  // Often enough for the functions' statements to have the plan that they keep.
  for (let id = 100; id < 110; id++) await client.query(write(id))
  for (const [index, name] of ['', '', ...names.slice(2)].entries()) {
    if (name !== '') await database.query(done[name] ?? '')
    met.push(
      await client.query(write(index)).then(
        () => 'written',
        (error: unknown) => (error instanceof pg.DatabaseError ? (error.code ?? '') : String(error)),
      ),
    )
  }
  await client.end()
  await database.drop()
  return met
}

test('an enum that is recreated gets the functions emitted anew, once, and open connections go on', async () => {
  const folder = {
    ...(await audited(withEnum('NEW', 'DONE', 'HELD'), init)),
    '20260103000000_enum': RECREATE,
  }
  const { project, done } = await followed(withEnum('NEW', 'DONE'), folder)
  expect(steps(project)).toEqual(['replaceFunctions A'])
  expect(project.migration?.slug).toBe('a_enum')
  expect(project.diagnostics.map(({ code, place }) => [code, place?.line])).toEqual([['AUD611', 4]])
  const met = await openConnection(
    done,
    (id) => `INSERT INTO "A" VALUES (${id}, 'NEW', ''); UPDATE "A" SET id = -id WHERE id = ${id}`,
  )
  expect([met[0], met[1], met[3]]).toEqual(['written', 'written', 'written'])
  expect(met[2]).toBe('XX000')
})

test('a new value and a renamed one get the functions emitted anew, and harm no open connection before that', async () => {
  const folder = {
    ...(await audited(withEnum('NEW', 'DONE', 'HELD'), init)),
    '20260103000000_value': `ALTER TYPE "Status" ADD VALUE 'LOST'; ALTER TYPE "Status" RENAME VALUE 'DONE' TO 'OVER';`,
  }
  const { project, done } = await followed(withEnum('NEW', 'OVER', 'HELD', 'LOST'), folder)
  expect(steps(project)).toEqual(['replaceFunctions A'])
  expect(project.diagnostics).toEqual([])
  const met = await openConnection(
    done,
    (id) =>
      `INSERT INTO "A" VALUES (${id}, '${id < 2 || id > 99 ? 'DONE' : id === 2 ? 'LOST' : 'OVER'}', '')`,
  )
  expect(met).toEqual(['written', 'written', 'written', 'written'])
})

test.each([
  [
    'an enum that becomes text',
    'status Status',
    'status String',
    'ALTER TABLE "A" ALTER COLUMN "status" TYPE TEXT;',
    'a_change_column_status',
  ],
  [
    'a text that becomes another text',
    'tag String',
    'tag String',
    'ALTER TABLE "A" ALTER COLUMN "tag" TYPE VARCHAR USING "tag" || \'!\';',
    'a_retype',
  ],
])(
  '%s is no difference of the audit table, but open connections need the functions anew',
  async (_, from, to, sql, slug) => {
    const before = withEnum('NEW', 'DONE', 'HELD')
    const folder = { ...(await audited(before, init)), '20260103000000_text': `${sql}\n` }
    const { project } = await followed(before.replace(from, to), folder)
    expect(project.migration?.slug).toBe(slug)
    expect(project.diagnostics.map(({ code }) => code)).toEqual(['AUD611'])
  },
)

test('a retyped column that is not recorded, or whose table gets other steps, asks for nothing more', async () => {
  const schema = withEnum('NEW', 'DONE', 'HELD')
  const before = await audited(schema, init)
  const enumChange = { ...before, '20260103000000_enum': RECREATE }
  const excluded = withEnum('NEW', 'DONE').replace('status Status', '/// @audit(exclude)\n  status Status')
  expect(steps(await compileProject(excluded, enumChange))).toEqual(['retireColumn status'])
  const done = await followed(excluded, before)
  expect(steps(await compileProject(excluded, { ...done.done, '20260105000000_enum': RECREATE }))).toEqual([])
})

test('what was retyped before the part, in its own file too, asks for nothing', async () => {
  const part = await audited(withEnum('NEW', 'DONE', 'HELD'), init)
  const [first = '', second = ''] = Object.keys(part).sort()
  const joined = { [first]: `${init}${RECREATE}${part[second]}` }
  expect(steps(await compileProject(withEnum('NEW', 'DONE'), joined))).toEqual([])
})

test('history that was recorded with a value that is gone reads as before', async () => {
  const folder = {
    ...(await audited(withEnum('NEW', 'DONE', 'HELD'), init)),
    '20260103000000_enum': RECREATE,
  }
  const { done } = await followed(withEnum('NEW', 'DONE'), folder)
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'HELD', ''); DELETE FROM "A"`,
    '20260104': `INSERT INTO "A" VALUES (1, 'NEW', '')`,
  })
  expect(await history(database, 'audit."A_audit"', 'status')).toEqual([
    { op: 'I', status: 'HELD' },
    { op: 'D', status: 'HELD' },
    { op: 'I', status: 'NEW' },
  ])
  await database.drop()
})
