import { expect, test } from 'vitest'
import { auditedModel, compileProject, createTable } from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

test('a table that a migration renames takes its history, its triggers and their names along', async () => {
  const folder = {
    ...(await audited(schemaWith(auditedModel('A', 'note')), createTable('A', 'note'))),
    '20260103000000_b': 'ALTER TABLE "A" RENAME TO "B";\n',
  }
  const { project, done } = await followed(schemaWith(auditedModel('B', 'note')), folder)
  expect(steps(project)).toEqual(['renameTable public.A -> public.B', 'renameObjects B -> audit.B_audit'])
  expect(project.migration?.slug).toBe('b_rename_from_a')
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'first')`,
    '20260103': `UPDATE "B" SET note = 'meanwhile'`,
    '20260104': `UPDATE "B" SET note = 'last'; TRUNCATE "B"`,
  })
  expect(await history(database, 'audit."B_audit"', 'id', 'note')).toEqual([
    { op: 'I', id: 1, note: 'first' },
    { op: 'U', id: 1, note: 'meanwhile' },
    { op: 'U', id: 1, note: 'last' },
    { op: 'D', id: 1, note: 'last' },
  ])
  await database.drop()
})

test('tables that change names, in a circle, keep each its own history', async () => {
  const models = (a: string, b: string) => schemaWith(auditedModel('A', a) + auditedModel('B', b))
  const folder = {
    ...(await audited(models('a', 'b'), createTable('A', 'a') + createTable('B', 'b'))),
    '20260103000000_swap':
      'ALTER TABLE "A" RENAME TO "tmp";\nALTER TABLE "B" RENAME TO "A";\nALTER TABLE "tmp" RENAME TO "B";\n',
  }
  const { done } = await followed(models('b', 'a'), folder)
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'was A'); INSERT INTO "B" VALUES (2, 'was B')`,
    '20260104': `INSERT INTO "A" VALUES (3, 'in A'); INSERT INTO "B" VALUES (4, 'in B')`,
  })
  expect(await history(database, 'audit."A_audit"', 'id', 'b')).toEqual([
    { op: 'I', id: 2, b: 'was B' },
    { op: 'I', id: 3, b: 'in A' },
  ])
  expect(await history(database, 'audit."B_audit"', 'id', 'a')).toEqual([
    { op: 'I', id: 1, a: 'was A' },
    { op: 'I', id: 4, a: 'in B' },
  ])
  await database.drop()
})

test('a renamed table that takes the name of a dropped one sets the history of that one aside', async () => {
  const models = schemaWith(auditedModel('A', 'a') + auditedModel('B', 'b'))
  const folder = {
    ...(await audited(models, createTable('A', 'a') + createTable('B', 'b'))),
    '20260103000000_replace': 'DROP TABLE "B";\nALTER TABLE "A" RENAME TO "B";\n',
  }
  const { project, done } = await followed(schemaWith(auditedModel('B', 'a')), folder)
  expect(steps(project)).toEqual([
    'retireTable B',
    'renameTable public.B -> public.B__2',
    'renameTable public.A -> public.B',
    'renameObjects B__2 -> audit.B_audit__2',
    'renameObjects B -> audit.B_audit',
  ])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'of A'); INSERT INTO "B" VALUES (2, 'of B')`,
    '20260104': `INSERT INTO "B" VALUES (3, 'new')`,
  })
  expect(await history(database, 'audit."B_audit"', 'id', 'a')).toEqual([
    { op: 'I', id: 1, a: 'of A' },
    { op: 'I', id: 3, a: 'new' },
  ])
  expect(await history(database, 'audit."B_audit__2"', 'id', 'b')).toEqual([{ op: 'I', id: 2, b: 'of B' }])
  await database.drop()
})

test('a table that is rebuilt under another name and renamed back goes on with its history', async () => {
  const schema = schemaWith(auditedModel('A', 'note'))
  const folder = {
    ...(await audited(schema, createTable('A', 'note'))),
    '20260103000000_rebuild': `${createTable('A_new', 'note')}INSERT INTO "A_new" SELECT * FROM "A";
DROP TABLE "A";
ALTER TABLE "A_new" RENAME TO "A";
`,
  }
  const { project, done } = await followed(schema, folder)
  expect(steps(project)).toEqual(['resumeTable A'])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'old')`,
    '20260104': `UPDATE "A" SET note = 'new'`,
  })
  expect(await history(database, 'audit."A_audit"', 'id', 'note')).toEqual([
    { op: 'I', id: 1, note: 'old' },
    { op: 'U', id: 1, note: 'new' },
  ])
  await database.drop()
})

test('a table that a migration moves to another PostgreSQL schema, or with it, is followed', async () => {
  const inSchema = (name: string) =>
    schemaWith(auditedModel('A', 'note').replace('id Int', `@@schema("${name}")\n  id Int`)).replace(
      'provider = "postgresql"',
      `provider = "postgresql"\n  schemas = ["public", "${name}"]`,
    )
  const folder = {
    ...(await audited(inSchema('public').replace(', "public"]', ']'), createTable('A', 'note'))),
    '20260103000000_move': 'CREATE SCHEMA shop;\nALTER TABLE "A" SET SCHEMA shop;\n',
  }
  const moved = await followed(inSchema('shop'), folder)
  expect(steps(moved.project)).toEqual(['renameTable public.A -> shop.A'])
  const again = await followed(
    inSchema('store'),
    { ...moved.done, '20260105000000_rename': 'ALTER SCHEMA shop RENAME TO store;\n' },
    '20260106000000',
  )
  expect(steps(again.project)).toEqual(['renameTable shop.A -> store.A'])
  const database = await apply(again.done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'public')`,
    '20260104': `INSERT INTO shop."A" VALUES (2, 'shop')`,
    '20260106': `INSERT INTO store."A" VALUES (3, 'store'); TRUNCATE store."A"`,
  })
  expect(await history(database, 'audit."A_audit"', 'id')).toEqual(
    [1, 2, 3].map((id) => ({ op: 'I', id })).concat([1, 2, 3].map((id) => ({ op: 'D', id }))),
  )
  await database.drop()
})

test('a table that was moved away while its model stayed waits, and is not retired', async () => {
  const schema = schemaWith(auditedModel('A', 'note'))
  const folder = {
    ...(await audited(schema, createTable('A', 'note'))),
    '20260103000000_move': 'CREATE SCHEMA shop;\nALTER TABLE "A" SET SCHEMA shop;\n',
  }
  const project = await compileProject(schema, folder)
  expect(steps(project)).toEqual([])
  expect(project.waiting).toEqual([
    {
      source: { schema: 'public', name: 'A' },
      reason: { kind: 'table renamed', to: { schema: 'shop', name: 'A' } },
    },
  ])
})

test('a renamed table whose model lost its annotation is retired under its new name: its triggers go', async () => {
  const folder = {
    ...(await audited(schemaWith(auditedModel('A', 'note')), createTable('A', 'note'))),
    '20260103000000_b': 'ALTER TABLE "A" RENAME TO "B";\n',
  }
  const unaudited = auditedModel('B', 'note').replace('/// @audit(enabled)\n', '')
  const { project, done } = await followed(schemaWith(unaudited), folder)
  expect(steps(project)).toEqual(['renameTable public.A -> public.B', 'retireTable B'])
  const database = await apply(done, { '20260104': `INSERT INTO "B" VALUES (1, 'unseen'); TRUNCATE "B"` })
  expect(await history(database, 'audit."A_audit"', 'id')).toEqual([])
  await database.drop()
})

test('a renamed table that waits for a column of its model stays as it is recorded, and goes on', async () => {
  const folder = {
    ...(await audited(schemaWith(auditedModel('A', 'note')), createTable('A', 'note'))),
    '20260103000000_b': 'ALTER TABLE "A" RENAME TO "B";\nALTER TABLE "B" RENAME "note" TO "text";\n',
  }
  const project = await compileProject(schemaWith(auditedModel('B', 'text', 'more')), folder)
  expect(steps(project)).toEqual([])
  expect(project.waiting).toEqual([
    { source: { schema: 'public', name: 'B' }, reason: { kind: 'columns not created', columns: ['more'] } },
  ])
})

test('a model that says what its table was called goes on with the history, though Prisma dropped and created', async () => {
  const folder = {
    ...(await audited(schemaWith(auditedModel('A', 'note')), createTable('A', 'note'))),
    '20260103000000_b': `DROP TABLE "A";\n${createTable('B', 'note')}`,
  }
  const renamed = auditedModel('B', 'note').replace('enabled', 'enabled, renamedFrom: "A"')
  const { project, done } = await followed(schemaWith(renamed), folder)
  expect(steps(project)).toEqual([
    'renameTable public.A -> public.B',
    'renameObjects B -> audit.B_audit',
    'resumeTable B',
  ])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'in A')`,
    '20260104': `INSERT INTO "B" VALUES (2, 'in B'); TRUNCATE "B"`,
  })
  expect(await history(database, 'audit."B_audit"', 'id', 'note')).toEqual([
    { op: 'I', id: 1, note: 'in A' },
    { op: 'I', id: 2, note: 'in B' },
    { op: 'D', id: 2, note: 'in B' },
  ])
  await database.drop()
})

test('a table that is dropped and created under another name is not guessed to be the same', async () => {
  const folder = {
    ...(await audited(schemaWith(auditedModel('A', 'note')), createTable('A', 'note'))),
    '20260103000000_b': `DROP TABLE "A";\n${createTable('B', 'note')}`,
  }
  const { project } = await followed(schemaWith(auditedModel('B', 'note')), folder)
  expect(steps(project)).toEqual(['retireTable A', 'createAuditTable B'])
})

test('renamedFrom waits for the drop, and stays without effect once it was followed', async () => {
  const init = createTable('A', 'note')
  const renamed = schemaWith(auditedModel('B', 'note').replace('enabled', 'enabled, renamedFrom: "A"'))
  const before = await audited(schemaWith(auditedModel('A', 'note')), init)
  expect(steps(await compileProject(renamed, before))).toEqual([])
  const { done } = await followed(renamed, {
    ...before,
    '20260103000000_b': `DROP TABLE "A";\n${createTable('B', 'note')}`,
  })
  // A new table takes the old name, is audited, and goes again.
  const both = `${renamed}\n${auditedModel('A', 'note')}`
  const withA = await followed(both, { ...done, '20260105000000_a': init }, '20260106000000')
  expect(steps(withA.project)).toEqual(['createAuditTable A'])
  const gone = await followed(
    renamed,
    { ...withA.done, '20260107000000_drop': 'DROP TABLE "A";\n' },
    '20260108000000',
  )
  expect(steps(gone.project)).toEqual(['retireTable A'])
  const fresh = await compileProject(renamed, { '20260101000000_init': createTable('B', 'note') })
  expect(steps(fresh)).toEqual(['createSchema', 'createAuditTable B'])
  expect(fresh.text).toContain('info AUD609')
})

test('a table that Prisma makes anew in another PostgreSQL schema goes on with the audit table that has its name', async () => {
  const inSchema = (name: string) =>
    schemaWith(auditedModel('A', 'note').replace('id Int', `@@schema("${name}")\n  id Int`)).replace(
      'provider = "postgresql"',
      'provider = "postgresql"\n  schemas = ["public", "shop"]',
    )
  const before = await audited(inSchema('public'), createTable('A', 'note'))
  const create = `CREATE SCHEMA shop;\n${createTable('A', 'note').replace('TABLE "A"', 'TABLE "shop"."A"')}`
  const { project, done } = await followed(inSchema('shop'), {
    ...before,
    '20260103000000_move': `${create}DROP TABLE "A";\n`,
  })
  expect(steps(project)).toEqual(['renameTable public.A -> shop.A', 'resumeTable A'])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'public')`,
    '20260104': `INSERT INTO shop."A" VALUES (2, 'shop')`,
  })
  expect(await history(database, 'audit."A_audit"', 'id')).toEqual([
    { op: 'I', id: 1 },
    { op: 'I', id: 2 },
  ])
  await database.drop()

  const both = await compileProject(inSchema('shop'), { ...before, '20260103000000_move': create })
  expect(both.migration).toBeUndefined()
  expect(both.diagnostics).toMatchObject([
    { code: 'AUD603', message: expect.stringContaining('"public"."A"') },
  ])
})

test('in a draft, a renamed table and the dropped one that makes room for its name change in one transaction', async () => {
  const models = schemaWith(auditedModel('A', 'a') + auditedModel('B', 'b'))
  const name = '20260103000000_replace'
  const folder = {
    ...(await audited(models, createTable('A', 'a') + createTable('B', 'b'))),
    [name]: 'DROP TABLE "B";\nALTER TABLE "A" RENAME TO "B";\n',
  }
  const schema = schemaWith(auditedModel('B', 'a'))
  const project = await compileProject(schema, folder, { draft: name })
  expect(project.diagnostics).toEqual([])
  const done = { ...folder, [name]: project.migration?.file ?? '' }
  expect(steps(await compileProject(schema, done))).toEqual([])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'of A'); INSERT INTO "B" VALUES (2, 'of B')`,
    '20260103': `INSERT INTO "B" VALUES (3, 'new')`,
  })
  expect(await history(database, 'audit."B_audit"', 'id')).toEqual([
    { op: 'I', id: 1 },
    { op: 'I', id: 3 },
  ])
  await database.drop()
})

test('a new table under the old name of a renamed one waits with it: its audit would take the other history', async () => {
  const folder = {
    ...(await audited(schemaWith(auditedModel('A', 'note')), createTable('A', 'note'))),
    '20260103000000_b': `ALTER TABLE "A" RENAME TO "B";\nALTER INDEX "A_pkey" RENAME TO "B_pkey";\n${createTable('A', 'other')}`,
  }
  const both = (...more: readonly string[]) =>
    schemaWith(auditedModel('A', 'other') + auditedModel('B', 'note', ...more))
  const waits = await compileProject(both('more'), folder)
  expect(steps(waits)).toEqual([])
  expect(waits.waiting.map(({ source, reason }) => [source.name, reason.kind])).toEqual([
    ['A', 'name not free'],
    ['B', 'columns not created'],
  ])
  const { project, done } = await followed(both(), folder)
  expect(steps(project)).toEqual([
    'renameTable public.A -> public.B',
    'renameObjects B -> audit.B_audit',
    'createAuditTable A',
  ])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'old')`,
    '20260104': `INSERT INTO "A" VALUES (2, 'new'); UPDATE "B" SET note = 'kept'`,
  })
  expect(await history(database, 'audit."A_audit"', 'id', 'other')).toEqual([
    { op: 'I', id: 2, other: 'new' },
  ])
  expect(await history(database, 'audit."B_audit"', 'id', 'note')).toEqual([
    { op: 'I', id: 1, note: 'old' },
    { op: 'U', id: 1, note: 'kept' },
  ])
  await database.drop()
})
