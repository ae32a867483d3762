import { expect, test } from 'vitest'
import {
  auditedModel,
  compileProject,
  createTable,
  type Migrations,
  schemaOf,
  withNext,
} from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

const one = (...columns: readonly string[]) => schemaWith(auditedModel('A', ...columns))

test('a column that a migration renames keeps its history in one column', async () => {
  const folder = {
    ...(await audited(one('a'), createTable('A', 'a'))),
    '20260103000000_rename': 'ALTER TABLE "A" RENAME COLUMN "a" TO "b";\n',
  }
  const { project, done } = await followed(one('b'), folder)
  expect(steps(project)).toEqual(['renameColumn a -> b'])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'before')`,
    '20260104': `UPDATE "A" SET b = 'after'`,
  })
  expect(await history(database, 'audit."A_audit"', 'b')).toEqual([
    { op: 'I', b: 'before' },
    { op: 'U', b: 'after' },
  ])
  await database.drop()
})

test('columns that change names, in a chain and in a circle, keep each its own history', async () => {
  const folder = {
    ...(await audited(one('a', 'b', 'x', 'y'), createTable('A', 'a', 'b', 'x', 'y'))),
    '20260103000000_rename': `ALTER TABLE "A" RENAME "a" TO "tmp"; ALTER TABLE "A" RENAME "b" TO "a"; ALTER TABLE "A" RENAME "tmp" TO "b";
ALTER TABLE "A" RENAME "y" TO "z"; ALTER TABLE "A" RENAME "x" TO "y";
`,
  }
  const { project, done } = await followed(one('a', 'b', 'y', 'z'), folder)
  expect(steps(project)).toEqual([
    'renameColumn y -> z',
    'renameColumn x -> y',
    'renameColumn a -> a__2',
    'renameColumn b -> a',
    'renameColumn a__2 -> b',
  ])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" (id, a, b, x, y) VALUES (1, 'a', 'b', 'x', 'y')`,
    '20260104': `UPDATE "A" SET id = id`,
  })
  const row = { a: 'b', b: 'a', y: 'x', z: 'y' }
  expect(await history(database, 'audit."A_audit"', 'a', 'b', 'y', 'z')).toEqual([
    { op: 'I', ...row },
    { op: 'U', ...row },
  ])
  await database.drop()
})

test('a rename over several migrations, back and forth, ends where it ends', async () => {
  const before = await audited(one('a'), createTable('A', 'a'))
  const there = { ...before, '20260103000000_there': 'ALTER TABLE "A" RENAME "a" TO "b";\n' }
  const back = { ...there, '20260103000001_back': 'ALTER TABLE "A" RENAME "b" TO "a";\n' }
  expect(steps(await compileProject(one('a'), back))).toEqual([])
  const on = { ...there, '20260103000001_on': 'ALTER TABLE "A" RENAME "b" TO "c";\n' }
  expect(steps((await followed(one('c'), on)).project)).toEqual(['renameColumn a -> c'])
})

test('a renamed key column takes the key along: changed keys are recorded, and no index is asked for', async () => {
  const keyed = (key: string) => schemaWith(auditedModel('A', 'note').replace('id Int', `${key} Int`))
  const folder = {
    ...(await audited(keyed('id'), createTable('A', 'note'))),
    '20260103000000_rename': 'ALTER TABLE "A" RENAME "id" TO "number";\n',
  }
  const { project, done } = await followed(keyed('number'), folder)
  expect(steps(project)).toEqual(['renameColumn id -> number'])
  expect(project.diagnostics.map(({ code }) => code)).toEqual(['AUD610'])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1)`,
    '20260104': `UPDATE "A" SET number = 2`,
  })
  expect(await history(database, 'audit."A_audit"', 'number')).toEqual([
    { op: 'I', number: 1 },
    { op: 'D', number: 1 },
    { op: 'U', number: 2 },
  ])
  await database.drop()
})

test('a retired audit column that has the new name is set aside first', async () => {
  const before = await audited(one('a', 'b'), createTable('A', 'a', 'b'))
  const dropped = await followed(one('a'), {
    ...before,
    '20260103000000_drop': 'ALTER TABLE "A" DROP COLUMN "b";\n',
  })
  const { project, done } = await followed(
    one('b'),
    { ...dropped.done, '20260105000000_rename': 'ALTER TABLE "A" RENAME "a" TO "b";\n' },
    '20260106000000',
  )
  expect(steps(project)).toEqual(['setAsideColumn b -> b__2', 'renameColumn a -> b'])
  const database = await apply(done, { '20260102': `INSERT INTO "A" VALUES (1, 'a', 'b')` })
  expect(await history(database, 'audit."A_audit"', 'b', 'b__2')).toEqual([{ op: 'I', b: 'a', b__2: 'b' }])
  await database.drop()
})

test('a column that is dropped while another takes its name is not taken for it', async () => {
  const folder = {
    ...(await audited(one('a', 'b'), createTable('A', 'a', 'b'))),
    '20260103000000_replace': 'ALTER TABLE "A" DROP COLUMN "b"; ALTER TABLE "A" RENAME "a" TO "b";\n',
  }
  const { project, done } = await followed(one('b'), folder)
  expect(steps(project)).toEqual(['retireColumn b', 'setAsideColumn b -> b__2', 'renameColumn a -> b'])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'a', 'b')`,
    '20260104': `UPDATE "A" SET b = 'new'`,
  })
  expect(await history(database, 'audit."A_audit"', 'b', 'b__2')).toEqual([
    { op: 'I', b: 'a', b__2: 'b' },
    { op: 'U', b: 'new', b__2: null },
  ])
  await database.drop()
})

test('a column that is dropped and added under its own name begins a new audit column', async () => {
  const folder = {
    ...(await audited(one('a'), createTable('A', 'a'))),
    '20260103000000_again': 'ALTER TABLE "A" DROP COLUMN "a", ADD COLUMN "a" TEXT;\n',
  }
  const { project, done } = await followed(one('a'), folder)
  expect(steps(project)).toEqual(['retireColumn a', 'setAsideColumn a -> a__2', 'addColumn a'])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'old')`,
    '20260104': `UPDATE "A" SET a = 'new'`,
  })
  expect(await history(database, 'audit."A_audit"', 'a', 'a__2')).toEqual([
    { op: 'I', a: null, a__2: 'old' },
    { op: 'U', a: 'new', a__2: null },
  ])
  await database.drop()
})

test('a column that is renamed and gets a type that its values do not fit has a new audit column', async () => {
  const folder = {
    ...(await audited(one('a'), createTable('A', 'a'))),
    '20260103000000_both':
      'ALTER TABLE "A" RENAME "a" TO "b";\nALTER TABLE "A" ALTER COLUMN "b" TYPE INTEGER USING 1;\n',
  }
  const { project } = await followed(
    schemaWith('/// @audit(enabled)\nmodel A {\n  id Int @id\n  b Int?\n}'),
    folder,
  )
  expect(steps(project)).toEqual(['retireColumn a', 'addColumn b'])
})

test('a field that says what its column was called keeps the history, though Prisma dropped and added', async () => {
  const folder = {
    ...(await audited(one('a'), createTable('A', 'a'))),
    '20260103000000_both': 'ALTER TABLE "A" DROP COLUMN "a",\nADD COLUMN "b" TEXT;\n',
  }
  const named = one('b').replace('b String?', '/// @audit(renamedFrom: "a")\n  b String?')
  const { project, done } = await followed(named, folder)
  expect(steps(project)).toEqual(['renameColumn a -> b'])
  // It may stay for ever: when another column takes the old name and goes, nothing is done to this one.
  const again = await followed(
    named.replace('/// @audit(renamedFrom', 'a String?\n  /// @audit(renamedFrom'),
    { ...done, '20260105000000_a': 'ALTER TABLE "A" ADD COLUMN "a" TEXT;\n' },
    '20260106000000',
  )
  expect(steps(again.project)).toEqual(['addColumn a'])
  const gone = await followed(
    named,
    { ...again.done, '20260107000000_a': 'ALTER TABLE "A" DROP COLUMN "a";\n' },
    '20260108000000',
  )
  expect(steps(gone.project)).toEqual(['retireColumn a'])
  expect(steps((await followed(one('b'), folder)).project)).toEqual(['retireColumn a', 'addColumn b'])
})

test('renamedFrom does nothing while the old column is there, and in a folder that never had it', async () => {
  const named = one('a', 'b').replace('b String?', '/// @audit(renamedFrom: "a")\n  b String?')
  const folder = {
    ...(await audited(one('a'), createTable('A', 'a'))),
    '20260103000000_add': 'ALTER TABLE "A" ADD COLUMN "b" TEXT;\n',
  }
  const { project } = await followed(named, folder)
  expect(steps(project)).toEqual(['addColumn b'])
  expect(project.diagnostics.map(({ code, severity }) => [code, severity])).toEqual([['AUD511', 'warning']])
  const fresh = await compileProject(
    one('b').replace('b String?', '/// @audit(renamedFrom: "a")\n  b String?'),
    { '20260101000000_init': createTable('A', 'b') },
  )
  expect(steps(fresh)).toEqual(['createSchema', 'createAuditTable A'])
  expect(fresh.diagnostics.map(({ code, severity }) => [code, severity])).toEqual([['AUD609', 'info']])
})

test('a column that was recorded anew before its renamedFrom stays apart from its old history, and that is said', async () => {
  const folder = {
    ...(await audited(one('a'), createTable('A', 'a'))),
    '20260103000000_both': 'ALTER TABLE "A" DROP COLUMN "a", ADD COLUMN "b" TEXT;\n',
  }
  const { done } = await followed(one('b'), folder)
  const late = await compileProject(
    one('b').replace('b String?', '/// @audit(renamedFrom: "a")\n  b String?'),
    done,
  )
  expect(steps(late)).toEqual([])
  expect(late.diagnostics).toMatchObject([{ code: 'AUD609', message: expect.stringContaining('stay apart') }])
})

test('a table and its columns that say what they were called are followed together', async () => {
  const folder = {
    ...(await audited(one('a'), createTable('A', 'a'))),
    '20260103000000_both': `DROP TABLE "A";\n${createTable('B', 'b')}`,
  }
  const named = auditedModel('B', 'b')
    .replace('enabled', 'enabled, renamedFrom: "A"')
    .replace('b String?', '/// @audit(renamedFrom: "a")\n  b String?')
  const { project } = await followed(schemaWith(named), folder)
  expect(steps(project)).toEqual([
    'renameTable public.A -> public.B',
    'renameObjects B -> audit.B_audit',
    'renameColumn a -> b',
    'resumeTable B',
  ])
  expect(project.diagnostics.map(({ code }) => code)).toEqual(['AUD613'])
})

test('a rename on one branch is found after the merge, though the part of the other branch is newer', async () => {
  const before = await audited(one('a'), createTable('A', 'a'))
  const right = withNext(
    { ...before, '20260105000000_c': 'ALTER TABLE "A" ADD COLUMN "c" TEXT;\n' },
    await compileProject(one('a', 'c'), {
      ...before,
      '20260105000000_c': 'ALTER TABLE "A" ADD COLUMN "c" TEXT;\n',
    }),
    '20260106000000',
  )
  const merged = { ...right, '20260103000000_b': 'ALTER TABLE "A" RENAME "a" TO "b";\n' }
  const { project } = await followed(one('b', 'c'), merged, '20260107000000')
  expect(steps(project)).toEqual(['renameColumn a -> b'])
})

test('a column that is excluded and recorded again has a fresh audit column beside its old values', async () => {
  const excluded = one('a').replace('a String?', '/// @audit(exclude)\n  a String?')
  const before = await audited(one('a'), createTable('A', 'a'))
  const without = await followed(excluded, before)
  expect(steps(without.project)).toEqual(['retireColumn a'])
  const { project, done } = await followed(one('a'), without.done, '20260105000000')
  expect(steps(project)).toEqual(['setAsideColumn a -> a__2', 'addColumn a'])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 'first')`,
    '20260104': `UPDATE "A" SET a = 'hidden'`,
    '20260105': `UPDATE "A" SET a = 'last'`,
  })
  expect(await history(database, 'audit."A_audit"', 'a', 'a__2')).toEqual([
    { op: 'I', a: null, a__2: 'first' },
    { op: 'U', a: null, a__2: null },
    { op: 'U', a: 'last', a__2: null },
  ])
  await database.drop()
})

const start: Migrations = { '20260101000000_init': createTable('A', 'note') + createTable('B', 'note') }
const twoModels = auditedModel('A', 'note') + auditedModel('B', 'note')

test('naming templates that change rename every object, and the settings columns with them', async () => {
  const before = withNext(start, await compileProject(schemaWith(twoModels), start), '20260102000000')
  const options =
    'table = "{table}_history"\n  function = "{table}_history_{role}"\n  trigger = "h_{operation}"\n  settingColumn = "by_{setting}"'
  const { project, done } = await followed(schemaWith(twoModels, options), before)
  expect(steps(project)).toEqual([
    'renameObjects A -> audit.A_history',
    'renameObjects B -> audit.B_history',
    'renameColumn audit_username -> by_username',
    'renameColumn audit_username -> by_username',
  ])
  const database = await apply(done, {
    '20260102': `SELECT set_config('audit.username', 'ada', false); INSERT INTO "A" VALUES (1)`,
    '20260104': `INSERT INTO "A" VALUES (2)`,
  })
  expect(await history(database, 'audit."A_history"', 'id', 'by_username')).toEqual([
    { op: 'I', id: 1, by_username: 'ada' },
    { op: 'I', id: 2, by_username: 'ada' },
  ])
  expect(await database.query(`SELECT DISTINCT tgname FROM pg_trigger WHERE tgname LIKE 'audit%'`)).toEqual(
    [],
  )
  await database.drop()
})

test('audit tables that change names with each other keep each its own history', async () => {
  const named = (a: string, b: string) =>
    schemaWith(
      auditedModel('A', 'note').replace('enabled', `enabled, table: "${a}", function: "${a}_{role}"`) +
        auditedModel('B', 'note').replace('enabled', `enabled, table: "${b}", function: "${b}_{role}"`),
    )
  const before = withNext(start, await compileProject(named('x', 'y'), start), '20260102000000')
  const { done } = await followed(named('y', 'x'), before)
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1)`,
    '20260104': `INSERT INTO "A" VALUES (2); INSERT INTO "B" VALUES (3)`,
  })
  expect(await history(database, 'audit.y', 'id')).toEqual([
    { op: 'I', id: 1 },
    { op: 'I', id: 2 },
  ])
  expect(await history(database, 'audit.x', 'id')).toEqual([{ op: 'I', id: 3 }])
  await database.drop()
})

test('another audit schema takes every table along, the retired ones too, and the old one goes last', async () => {
  const before = withNext(start, await compileProject(schemaWith(twoModels), start), '20260102000000')
  const less = await followed(schemaWith(auditedModel('A', 'note')), {
    ...before,
    '20260103000000_drop': 'DROP TABLE "B";\n',
  })
  const { project, done } = await followed(
    schemaWith(auditedModel('A', 'note'), 'schema = "history"'),
    less.done,
    '20260105000000',
  )
  expect(steps(project)).toEqual([
    'moveSchema history',
    'renameObjects A -> history.A_audit',
    'renameObjects B -> history.B_audit',
    'dropSchema audit',
  ])
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1); INSERT INTO "B" VALUES (2)`,
    '20260105': `INSERT INTO "A" VALUES (3); TRUNCATE "A"`,
  })
  expect(await history(database, 'history."A_audit"', 'id')).toHaveLength(4)
  expect(await history(database, 'history."B_audit"', 'id')).toEqual([{ op: 'I', id: 2 }])
  expect(await database.query(`SELECT nspname FROM pg_namespace WHERE nspname = 'audit'`)).toEqual([])
  await database.drop()
})

test('the audit schema stays where it is while a table that is recorded waits', async () => {
  const before = withNext(start, await compileProject(schemaWith(twoModels), start), '20260102000000')
  const waits = schemaWith(
    auditedModel('A', 'note', 'more') + auditedModel('B', 'note'),
    'schema = "history"',
  )
  expect(steps(await compileProject(waits, before))).toEqual([])
})

test('a setting of another type begins a new column, and the old one keeps what it holds', async () => {
  const typed = (type: string) =>
    schemaOf(auditedModel('A', 'note') + auditedModel('B', 'note'), `["n ${type}?"]`)
  const before = withNext(start, await compileProject(typed('String'), start), '20260102000000')
  const { done } = await followed(typed('Int'), before)
  const database = await apply(done, {
    '20260102': `SELECT set_config('audit.n', '7', false); INSERT INTO "A" VALUES (1)`,
    '20260104': `INSERT INTO "A" VALUES (2)`,
  })
  expect(await history(database, 'audit."A_audit"', 'audit_n', 'audit_n__2')).toEqual([
    { op: 'I', audit_n: null, audit_n__2: '7' },
    { op: 'I', audit_n: 7, audit_n__2: null },
  ])
  await database.drop()
})
