import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { AGREE, check, makeFolder, ORDER, openProject, schemaOf, sqlOf } from './check/checked-project.ts'
import { generateMigration } from './main-path/audited-project.ts'
import { wrappedProject } from './migrate/wrapped-project.ts'

let folder: Readonly<Record<string, string>>
let audit: string
beforeAll(async () => {
  folder = await makeFolder()
  audit = Object.keys(folder).find((name) => name.includes('_audit_')) ?? ''
})

const path = (migration: string) => `prisma/migrations/${migration}/migration.sql`
/** A migration after all of `folder`. */
const later = (sql: string) => ({ ...folder, '29990101000000_later': sql })

test('where schema, folder and audit parts agree, one line is said, and nothing is written', async () => {
  const project = await openProject(schemaOf(ORDER), folder)
  expect(await check(project)).toEqual(AGREE)
  expect(await sqlOf(project)).toEqual(folder)
  await expect(project.read('generated/audit/index.ts')).rejects.toThrow('ENOENT')
})

test("a schema that Prisma refuses is told in Prisma's words, with every place", async () => {
  const project = await openProject(
    schemaOf(ORDER.replace('String?', 'Strng?').replace('Int ', 'Itn ')),
    folder,
  )
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/schema.prisma:13:8 - error AUD001: Type "Itn" is neither a built-in type, nor refers to another model, composite type, or enum.
       13 |   id   Itn     @id
          |        ^^^

    prisma/schema.prisma:14:8 - error AUD001: Type "Strng" is neither a built-in type, nor refers to another model, composite type, or enum.
       14 |   note Strng?
          |        ^^^^^

    2 errors
    "
  `)
  await project.write('prisma/schema.prisma', schemaOf(ORDER))
  expect(await check(project)).toEqual(AGREE)
})

test('an audited model that no migration creates is told where it stands', async () => {
  const project = await openProject(schemaOf(ORDER), {}, { database: true })
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "info AUD704: There is no migrations folder at prisma/migrations. The first migration creates it.
       Next: npx prisma migrate dev --name <name>, then npx prisma generate

    prisma/schema.prisma:12:7 - error AUD702: The audit of "public"."Order" waits: no migration creates this table yet.
       12 | model Order {
          |       ^^^^^
       Run npx prisma-generator-audit migrate dev --name <name>, and commit what it writes.

    1 error, 1 note
    "
  `)
  await project.prisma(['migrate', 'dev', '--name', 'init'])
  await project.prisma(['generate'])
  expect(await check(project)).toEqual(AGREE)
})

test('an @audit without its audit migration is told where the model stands', async () => {
  const plain = Object.entries(folder).filter(([name]) => name !== audit)
  const project = await openProject(schemaOf(ORDER), Object.fromEntries(plain))
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/schema.prisma:12:7 - error AUD701: The audit of "public"."Order" is not up to date: no migration creates its audit table.
       12 | model Order {
          |       ^^^^^
       Run npx prisma generate, and commit the migration that it writes.

    1 error
    "
  `)
  await generateMigration(project)
  expect(await check(project)).toEqual(AGREE)
})

test('a column that a migration dropped without an audit part is told, with the migration that did it', async () => {
  const project = await openProject(schemaOf(ORDER), folder, { database: true })
  await project.write('prisma/schema.prisma', schemaOf(ORDER.replace('  note String?\n', '')))
  await project.prisma(['migrate', 'dev', '--name', 'drop_note'])
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/schema.prisma:12:7 - error AUD701: The audit of "public"."Order" is not up to date: the column "note" is still recorded (dropped in prisma/migrations/<time>_drop_note/migration.sql:8:1).
       12 | model Order {
          |       ^^^^^
       Run npx prisma generate, and commit the migration that it writes.

    1 error
    "
  `)
  await generateMigration(project)
  expect(await check(project)).toEqual(AGREE)
})

test('a column that the schema has and no migration adds is told where the model stands', async () => {
  const schema = schemaOf(ORDER.replace('note String?', 'note String?\n  paid Boolean?'))
  const project = await openProject(schema, folder, { database: true })
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/schema.prisma:12:7 - error AUD702: The audit of "public"."Order" waits: no migration adds "paid" yet.
       12 | model Order {
          |       ^^^^^
       Run npx prisma-generator-audit migrate dev --name <name>, and commit what it writes.

    1 error
    "
  `)
  await project.prisma(['migrate', 'dev', '--name', 'paid'])
  await project.prisma(['generate'])
  expect(await check(project)).toEqual(AGREE)
})

test('a field whose type no migration gives its column is told where it stands: the history goes on with that of the column', async () => {
  const project = await openProject(schemaOf(ORDER.replace('note String?', 'note Int?')), folder)
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatch(
    /prisma\/schema\.prisma:14:3 - error AUD634: "Order\.note" is integer in the schema and text in the migrations/,
  )
})

test('a column that a migration renamed without an audit part is told, with the migration that did it', async () => {
  const rename = 'ALTER TABLE "Order" RENAME COLUMN "note" TO "remark";\n'
  const project = await openProject(schemaOf(ORDER.replace('note ', 'remark ')), later(rename))
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/schema.prisma:12:7 - error AUD701: The audit of "public"."Order" is not up to date: the column "note" is called "remark" (renamed in prisma/migrations/<time>_later/migration.sql:1:1).
       12 | model Order {
          |       ^^^^^
       Run npx prisma generate, and commit the migration that it writes.

    1 error
    "
  `)
  await generateMigration(project)
  expect(await check(project)).toEqual(AGREE)
})

test('an audit that the schema ended and the folder did not is told where the model stands', async () => {
  const project = await openProject(schemaOf(ORDER.replace('enabled', 'disabled')), folder)
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/schema.prisma:12:7 - error AUD701: The audit of "public"."Order" is not up to date: it is audited no more, and no migration takes its triggers away.
       12 | model Order {
          |       ^^^^^
       Run npx prisma generate, and commit the migration that it writes.

    1 error
    "
  `)
  await generateMigration(project)
  expect(await check(project)).toEqual({
    stdout: 'audit: no model is audited, and nothing is left of an audit.\n',
    stderr: '',
    exitCode: 0,
  })
})

test('an audit part that was edited by hand is told where it begins', async () => {
  const project = await openProject(schemaOf(ORDER), folder)
  const text = await project.read(path(audit))
  await project.write(path(audit), text.replace('AFTER INSERT', 'BEFORE INSERT'))
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/migrations/<time>_audit_order/migration.sql:1:1 - error AUD703: This audit part does not have the text any more that was generated.
        1 | -- prisma-generator-audit v1 from=<hash> text=<hash>
          | ^
       Restore the file from version control. SQL of your own belongs into a migration of its own.

    1 error
    "
  `)
  await project.write(path(audit), text)
  expect(await check(project)).toEqual(AGREE)
})

test('an audit part whose statements were edited after it was made for them is told where it begins', async () => {
  const { project, audit: run } = await wrappedProject(ORDER)
  expect((await run(['migrate', 'dev', '--name', 'init'])).exitCode).toBe(0)
  const [init] = await project.migrationFiles()
  expect((await check(project)).exitCode).toBe(0)
  const text = init?.sql ?? ''
  await project.write(path(init?.name ?? ''), text.replace('"note" TEXT', '"note" CITEXT'))
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/migrations/<time>_init/migration.sql:9:1 - error AUD705: The statements above this audit part are not the ones any more that it was made for.
        9 | -- prisma-generator-audit v1 from=<hash> text=<hash> above=<hash>
          | ^
       Restore the file from version control. If it is applied nowhere yet: remove this part, then npx prisma generate.

    1 error
    "
  `)
  await project.write(path(init?.name ?? ''), text)
  expect((await check(project)).exitCode).toBe(0)
})

test("line ends that git made CRLF, and an editor's last line, are no edit", async () => {
  const project = await openProject(schemaOf(ORDER), folder)
  const text = await project.read(path(audit))
  await project.write(path(audit), `${text.replaceAll('\n', '\r\n')}\r\n`)
  expect(await check(project)).toEqual(AGREE)
})

test('a header that cannot be read is told with its line', async () => {
  const project = await openProject(schemaOf(ORDER), folder)
  const text = await project.read(path(audit))
  await project.write(path(audit), text.replace('"kind":"createAuditTable"', '"kind":"createAuditTabel"'))
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/migrations/<time>_audit_order/migration.sql:3:1 - error AUD601: The header of this audit part cannot be read: unknown step "createAuditTabel"; a newer prisma-generator-audit may have written it: update the package.
        3 | -- {"kind":"createAuditTabel","source":{"schema":"public","name":"Order"},"table":{"schema":"aud
          | ^
       The header is the record of what is installed. Restore the file from version control.

    1 error
    "
  `)
  await project.write(path(audit), text.replace('from=', 'form='))
  const damaged = await check(project)
  expect(damaged.exitCode).toBe(1)
  expect(damaged.stdout).toContain('error AUD601: The header of this audit part cannot be read')
  await project.write(path(audit), text)
  expect(await check(project)).toEqual(AGREE)
})

test('two branches that changed one table are told where they come together', async () => {
  const field = (name: string) => ORDER.replace('note String?', `note String?\n  ${name} Int?`)
  const branch = async (name: string, stamp: string) => {
    const column = `ALTER TABLE "Order" ADD COLUMN "${name}" INTEGER;\n`
    const project = await openProject(schemaOf(field(name)), { ...folder, [`${stamp}_${name}`]: column })
    await generateMigration(project)
    return sqlOf(project)
  }
  const merged = { ...(await branch('left', '29990101000000')), ...(await branch('right', '29990102000000')) }
  const both = field('left').replace('left Int?', 'left Int?\n  right Int?')
  const project = await openProject(schemaOf(both), merged)
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/migrations/<time>_audit_order_add_column_right/migration.sql:1:1 - error AUD602: In <time>_audit_order_add_column_right, its audit part starts from state <hash>, but the migrations before it leave <hash>: two branches were merged.
        1 | -- prisma-generator-audit v1 from=<hash> text=<hash>
          | ^
       Run npx prisma generate, and commit the migration that it writes: it emits the functions of the tables concerned anew.

    1 error
    "
  `)
  await generateMigration(project)
  expect(await check(project)).toEqual(AGREE)
})

test('a change that the audit trail does not support is told where the model stands', async () => {
  const copy = 'CREATE TABLE "Copy" ("id" INTEGER NOT NULL, CONSTRAINT "Copy_pkey" PRIMARY KEY ("id"));\n'
  const models = (annotation: string) =>
    schemaOf(
      `${ORDER.replace('enabled', 'disabled')}\n/// @audit(${annotation})\nmodel Copy {\n  id Int @id\n}\n`,
    )
  const project = await openProject(models('enabled, table: "Order_audit"'), later(copy))
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/schema.prisma:18:7 - error AUD603: "public"."Copy": its audit table "Order_audit" holds the history of "public"."Order"
       18 | model Copy {
          |       ^^^^
       Give this model an audit table of its own, @audit(enabled, table: "…"), or drop "public"."Order" in a migration first: then this table goes on with its history.

    1 error
    "
  `)
  await project.write('prisma/schema.prisma', models('enabled'))
  await generateMigration(project)
  expect(await check(project)).toEqual(AGREE)
})

test('audit tables of a schema of Prisma that its configuration does not list are told: Prisma would drop them', async () => {
  const schema = schemaOf(ORDER).replace('sessionSettings', 'schema          = "public"\n  sessionSettings')
  const plain = Object.entries(folder).filter(([name]) => name !== audit)
  const project = await openProject(schema, Object.fromEntries(plain))
  const unlisted = await project.read('prisma.config.ts')
  const list = "experimental: { externalTables: true },\n  tables: { external: ['public.Order_audit'] },\n"
  const listed = unlisted.replace('  schema:', `  ${list}  schema:`)
  await project.write('prisma.config.ts', listed)
  await generateMigration(project)
  await project.write('prisma.config.ts', unlisted)
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "error AUD801: prisma.config.ts does not list the audit table public.Order_audit as external: the next prisma migrate dev would write and apply DROP TABLE, with the history, and every write would fail.
       Put into prisma.config.ts:
       experimental: { externalTables: true },
       tables: { external: ['public.Order_audit', 'public.audit_erasure', 'public.audit_legal_hold', 'public.audit_pause', 'public.audit_pruning', 'public.audit_seal', 'public.audit_seal_anchor', 'public.audit_seal_erasure', 'public.audit_seal_pruned', 'public.audit_seal_salt', 'public.audit_seal_watermark'] },

    1 error
    "
  `)
  await project.write('prisma.config.ts', listed)
  expect(await check(project)).toEqual(AGREE)
})

test('a data migration without its context is told, with the statement that it lacks', async () => {
  const change = `UPDATE "Order" SET "note" = 'none' WHERE "note" IS NULL;\n`
  const project = await openProject(schemaOf(ORDER), later(change))
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "prisma/migrations/<time>_later/migration.sql:1:1 - error AUD607: This UPDATE on "public"."Order" is audited and lacks audit.username: the migration would be refused.
        1 | UPDATE "Order" SET "note" = 'none' WHERE "note" IS NULL;
          | ^^^^^^^^^^^^^^
       Put this statement before it, if the migration is not applied yet:
       SELECT set_config('audit.username', 'migration:<time>_later', true);

    1 error
    "
  `)
  const statement = /SELECT set_config.*;/.exec((await check(project)).stdout)?.[0]
  await project.write(path('29990101000000_later'), `${statement}\n${change}`)
  expect(await check(project)).toEqual(AGREE)
})

test('a migration without its file is told', async () => {
  const project = await openProject(schemaOf(ORDER), later('SELECT 1;'))
  rmSync(join(project.dir, path('29990101000000_later')))
  const { stdout, exitCode } = await check(project)
  expect(exitCode).toBe(1)
  expect(stdout).toMatchInlineSnapshot(`
    "error AUD704: prisma/migrations/<time>_later/migration.sql is missing. Prisma stops there too (P3015): restore the file, or remove its directory if the migration was never applied.

    1 error
    "
  `)
  rmSync(join(project.dir, 'prisma/migrations/29990101000000_later'), { recursive: true })
  expect(await check(project)).toEqual(AGREE)
})

test('--json gives the same as data, without a place where there is none', async () => {
  const project = await openProject(schemaOf(ORDER), later(`DELETE FROM "Order";\n`))
  const { stdout, exitCode } = await check(project, '--json')
  expect(exitCode).toBe(1)
  expect(JSON.parse(stdout)).toMatchInlineSnapshot(`
    {
      "agrees": false,
      "diagnostics": [
        {
          "code": "AUD607",
          "column": 1,
          "file": "prisma/migrations/<time>_later/migration.sql",
          "hint": "Put this statement before it, if the migration is not applied yet:
    SELECT set_config('audit.username', 'migration:<time>_later', true);",
          "length": 19,
          "line": 1,
          "message": "This DELETE on "public"."Order" is audited and lacks audit.username: the migration would be refused.",
          "severity": "error",
        },
      ],
      "migrations": 3,
      "models": 1,
      "version": 1,
    }
  `)
  rmSync(join(project.dir, path('29990101000000_later')))
  const unreadable = JSON.parse((await check(project, '--json')).stdout)
  expect(unreadable.diagnostics).toEqual([
    expect.objectContaining({ code: 'AUD704', severity: 'error', message: expect.any(String) }),
  ])
  expect(unreadable.diagnostics[0]).not.toHaveProperty('file')
})

test('without a schema, or one with the generator, there is nothing to look at: that is no agreement', async () => {
  const project = await openProject(ORDER.replace('/// @audit(enabled)\n', ''), folder)
  expect(await check(project)).toEqual({
    stdout: '',
    stderr:
      'No generator block of the schema has provider = "prisma-generator-audit", so there is nothing to look at: prisma/schema.prisma\n',
    exitCode: 2,
  })
  expect(await check(project, '--schema', 'none.prisma')).toEqual({
    stdout: '',
    stderr: 'There is no schema none.prisma, that --schema names.\n',
    exitCode: 2,
  })
})
