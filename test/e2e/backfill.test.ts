import { expect, test, vi } from 'vitest'
import {
  installedProject,
  startWriter,
  type WrappedProject,
  wrappedProject,
} from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const ROWS = 20_000
const models = (annotation: string) => `/// @audit(${annotation})
model Order {
  id    Int     @id @default(autoincrement())
  note  String?
  area  Unsupported("circle")?
  old   Int?    @ignore
  tags  Tag[]
}

model Tag {
  name   String  @id
  orders Order[]
}
`
const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "note" TEXT, "area" circle, "old" INTEGER, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Tag" ("name" TEXT NOT NULL, CONSTRAINT "Tag_pkey" PRIMARY KEY ("name"));
CREATE TABLE "_OrderToTag" ("A" INTEGER NOT NULL, "B" TEXT NOT NULL, CONSTRAINT "_OrderToTag_AB_pkey" PRIMARY KEY ("A","B"));
CREATE INDEX "_OrderToTag_B_index" ON "_OrderToTag"("B");
ALTER TABLE "_OrderToTag" ADD CONSTRAINT "_OrderToTag_A_fkey" FOREIGN KEY ("A") REFERENCES "Order"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_OrderToTag" ADD CONSTRAINT "_OrderToTag_B_fkey" FOREIGN KEY ("B") REFERENCES "Tag"("name") ON DELETE CASCADE ON UPDATE CASCADE;
INSERT INTO "Order" ("note", "area", "old") SELECT 'old', '<(1,2),3>', g FROM generate_series(1, ${ROWS}) g;
INSERT INTO "Tag" VALUES ('a');
INSERT INTO "_OrderToTag" VALUES (1, 'a'), (2, 'a');
`

/** A project with data, whose audit came later. */
async function adopted(annotation: string): Promise<WrappedProject> {
  const wrapped = await wrappedProject(models('disabled'), { migrations: { '20240101000000_init': tables } })
  await wrapped.project.prisma(['migrate', 'deploy'])
  await wrapped.models(models(annotation))
  await wrapped.project.prisma(['generate'])
  await wrapped.project.prisma(['migrate', 'deploy'])
  return wrapped
}

const baselines = ({ database }: WrappedProject) =>
  database.query(
    `SELECT (SELECT count(*)::int FROM audit."Order_audit" WHERE audit_operation = 'B') AS orders,
            (SELECT count(*)::int FROM audit."_OrderToTag_audit" WHERE audit_operation = 'B') AS tags,
            (SELECT ROW(note, area, old)::text FROM audit."Order_audit" WHERE id = 7 AND audit_operation = 'B') AS row`,
  )

test('backfill: true gives rows from before the audit their history in the migration', async () => {
  const wrapped = await adopted('enabled, backfill: true')
  expect(await baselines(wrapped)).toEqual([{ orders: ROWS, tags: 2, row: '(old,"<(1,2),3>",7)' }])
})

test('backfill: batches leaves them to the command, which can be ended and goes on, while writers never stop', async () => {
  const wrapped = await adopted('enabled, backfill: batches')
  const { database, audit } = wrapped
  expect(await baselines(wrapped)).toEqual([{ orders: 0, tags: 0, row: null }])
  const writer = startWriter(
    database,
    `UPDATE "Order" SET note = 'new' WHERE id = (SELECT 20 + (random() * ${ROWS - 20})::int)`,
    `INSERT INTO "Order" (note) VALUES ('more')`,
    `DELETE FROM "Order" WHERE id = (SELECT 20 + (random() * ${ROWS - 20})::int)`,
  )
  await writer.next()
  const flags = ['--batch-size', '500', '--pause', '20']
  const ended = await audit(['backfill', ...flags], { signal: { when: 'public.Order', name: 'SIGINT' } })
  expect(ended).toMatchObject({
    exitCode: 130,
    stderr: expect.stringContaining('run it again to go on'),
  })
  const [{ orders: begun } = {}] = await baselines(wrapped)
  expect(begun).toBeGreaterThan(0)
  expect(begun).toBeLessThan(ROWS - 500)
  const gone = await audit(['backfill', ...flags])
  expect(gone).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(/public\.Order: \d+ rows read, \d+ recorded/),
  })
  await writer.next()
  expect(writer.errors).toEqual([])
  const again = await audit(['backfill'])
  expect(again.stderr).toMatch(/public\.Order: \d+ rows read, 0 recorded/)
  const wrong = await database.query(`
    SELECT id, note FROM "Order" EXCEPT SELECT id, note FROM (
      SELECT DISTINCT ON (id) * FROM audit."Order_audit" ORDER BY id, audit_id DESC) AS last WHERE audit_operation <> 'D'`)
  expect(wrong).toEqual([])
  const [facts] = await database.query(`
    SELECT count(*) FILTER (WHERE audit_operation = 'B' AND note IS DISTINCT FROM 'old')::int AS later,
           count(*) FILTER (WHERE id <= ${ROWS} AND NOT EXISTS (
             SELECT FROM audit."Order_audit" f WHERE f.id = h.id AND f.audit_id <= h.audit_id AND f.audit_operation IN ('B', 'U', 'D')
           ))::int AS without
    FROM audit."Order_audit" h`)
  expect(facts).toEqual({ later: 0, without: 0 })
  expect(await baselines(wrapped)).toMatchObject([{ tags: 2, row: '(old,"<(1,2),3>",7)' }])
})

test('it finds the database as Prisma does, in what prisma.config.ts sets by itself, as from a .env file', async () => {
  const { project, database, audit } = await adopted('enabled, backfill: batches')
  const config = await project.read('prisma.config.ts')
  await project.write(
    'prisma.config.ts',
    `process.env.DATABASE_URL ??= ${JSON.stringify(database.url)}\n${config}`,
  )
  const found = await audit(['backfill'], { env: { DATABASE_URL: undefined } })
  expect(found).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(`${ROWS} recorded`) })
  await project.write('prisma.config.ts', `throw new Error('no vault')\n${config}`)
  expect(await audit(['backfill'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(
      /prisma\.config\.ts names no database: [\s\S]*no vault[\s\S]*--url postgresql:/,
    ),
  })
})

test('on a terminal it shows how far it is', async () => {
  const { audit } = await adopted('enabled, backfill: batches')
  const { stdout, exitCode } = await audit(['backfill', '--batch-size', '1000', '--pause', '20'], {
    answers: [],
  })
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/public\.Order .*\d+% \| \d+ of about 20000 rows read/)
})

test('what keeps it from working is said, and nothing is half done', async () => {
  const bare = await installedProject(
    `/// @audit(enabled)\nmodel Tag {\n  name String @id\n}\n`,
    'CREATE TABLE "Tag" ("name" TEXT NOT NULL, CONSTRAINT "Tag_pkey" PRIMARY KEY ("name"));\n',
  )
  expect(await bare.audit(['backfill'])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('no migration asks for a baseline'),
  })
  for (const [flags, message] of [
    [['--batch-size', '0'], '--batch-size takes a whole number from 1 on, and not "0"'],
    [['--pause', 'x'], '--pause takes a whole number from 0 on, and not "x"'],
    [['--url', 'prisma://x'], 'does not begin with postgresql://'],
    [['--url', ''], 'No database is named'],
  ] as const) {
    expect(await bare.audit(['backfill', ...flags])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(message),
    })
  }
  const wrapped = await wrappedProject(models('disabled'), { migrations: { '20240101000000_init': tables } })
  await wrapped.project.prisma(['migrate', 'deploy'])
  await wrapped.models(models('enabled, backfill: batches'))
  await wrapped.project.prisma(['generate'])
  expect(await wrapped.audit(['backfill'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(
      /public\.Order is not captured in this database[\s\S]*npx prisma migrate deploy/,
    ),
  })
  const unreachable = await wrapped.audit(['backfill', '--url', 'postgresql://127.0.0.1:1/none'])
  expect(unreachable).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('ECONNREFUSED') })
  expect(unreachable.stderr).not.toContain('    at ')
})
