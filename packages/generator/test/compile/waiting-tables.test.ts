import { expect, test } from 'vitest'
import { renderReport } from '../../src/report.ts'
import {
  auditedModel,
  compileProject,
  createTable,
  type Migrations,
  schemaOf,
  stepsOf,
  withNext,
} from './compile-project.ts'

const both = schemaOf(`${auditedModel('A')}\n${auditedModel('B', 'note')}`)
const onlyA: Migrations = { '20260101000000_init': createTable('A') }
const withB: Migrations = { ...onlyA, '20260103000000_b': createTable('B', 'note') }

test('a folder without the tables: nothing is to be written, and each table says what it waits for', async () => {
  const project = await compileProject(both, {})
  expect(project.migration).toBeUndefined()
  expect(project.waiting).toEqual([
    { source: { schema: 'public', name: 'A' }, reason: { kind: 'table not created' } },
    { source: { schema: 'public', name: 'B' }, reason: { kind: 'table not created' } },
  ])
})

test('no folder at all: the typed module is there all the same', async () => {
  const project = await compileProject(both)
  expect(project.typedModule.length).toBeGreaterThan(0)
})

test('some tables there and others not: only those that are there', async () => {
  const project = await compileProject(both, onlyA)
  expect(stepsOf(project)).toEqual(['createSchema', 'createAuditTable public.A'])
  expect(project.waiting.map(({ source }) => source.name)).toEqual(['B'])
})

test('a table that came later is audited by a second part, the first stays as it is', async () => {
  const first = withNext(onlyA, await compileProject(both, onlyA), '20260102000000')
  const project = await compileProject(both, { ...first, ...withB })
  expect(stepsOf(project)).toEqual(['createAuditTable public.B'])
  expect(project.waiting).toEqual([])
})

test('a column that no migration adds yet makes its table wait, and names itself', async () => {
  const project = await compileProject(schemaOf(auditedModel('A', 'note', 'text')), {
    '20260101000000_init': createTable('A', 'text'),
  })
  expect(project.migration).toBeUndefined()
  expect(project.waiting).toEqual([
    { source: { schema: 'public', name: 'A' }, reason: { kind: 'columns not created', columns: ['note'] } },
  ])
})

test('a dropped model goes on being recorded until the folder drops its table', async () => {
  const installed = withNext(withB, await compileProject(both, withB), '20260104000000')
  const withoutB = schemaOf(auditedModel('A'))

  const waiting = await compileProject(withoutB, installed)
  expect(waiting.migration).toBeUndefined()
  expect(waiting.waiting).toEqual([
    { source: { schema: 'public', name: 'B' }, reason: { kind: 'table not dropped' } },
  ])

  const dropped = { ...installed, '20260105000000_drop': 'DROP TABLE "B";\n' }
  const project = await compileProject(withoutB, dropped)
  expect(stepsOf(project)).toEqual(['retireTable public.B'])
  expect(project.waiting).toEqual([])
  expect(project.migration?.sql).not.toMatch(/DROP TABLE/)

  const done = withNext(dropped, project, '20260106000000')
  expect((await compileProject(withoutB, done)).migration).toBeUndefined()
})

test('a model whose annotation went is retired at once: its table is still declared', async () => {
  const installed = withNext(withB, await compileProject(both, withB), '20260104000000')
  const silenced = both.replace('/// @audit(enabled)\nmodel B', 'model B')
  expect(silenced).not.toBe(both)
  const project = await compileProject(silenced, installed)
  expect(stepsOf(project)).toEqual(['retireTable public.B'])
})

test('a waiting table does not undo what is installed for it', async () => {
  const installed = withNext(withB, await compileProject(both, withB), '20260104000000')
  const grown = both.replace('note String?', 'note String?\n  later String?')
  const project = await compileProject(grown, installed)
  expect(project.migration).toBeUndefined()
  expect(project.waiting.map(({ reason }) => reason)).toEqual([
    { kind: 'columns not created', columns: ['later'] },
  ])
})

test('the report names each waiting table, why it waits, and the exact next commands', async () => {
  const installed = withNext(withB, await compileProject(both, withB), '20260104000000')
  const compilation = await compileProject(
    schemaOf(`${auditedModel('A', 'note')}\n${auditedModel('C')}`),
    installed,
  )
  const { diagnostics, files } = compilation
  const outcome = { kind: 'nothing to write' } as const
  expect(renderReport({ diagnostics, compilation, outcome, files })).toMatchInlineSnapshot(`
    "audit: 2 models audited.
    audit: these tables wait for a migration of their own:
      "public"."A": no migration adds "note" yet
      "public"."C": no migration creates this table yet
      "public"."B": its model is gone, but no migration drops the table yet
      Next: npx prisma migrate dev --name <name>, then npx prisma generate"
  `)
})
