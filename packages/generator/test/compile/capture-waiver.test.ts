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

const SETTINGS = '["username String"]'
const DRAFT = '20260105000000_draft'
const models = (...columns: readonly string[]) => auditedModel('A', ...columns) + auditedModel('B')
const bare = (...columns: readonly string[]) => schemaOf(models(...columns))
const waivable = (role: string, ...columns: readonly string[]) =>
  schemaOf(models(...columns), SETTINGS, `captureWaiverRole = ${JSON.stringify(role)}`)
const tables: Migrations = { '20260101000000_init': createTable('A') + createTable('B') }

/** The folder in which members of `maintenance` may waive capture. */
async function installed(): Promise<Migrations> {
  const first = withNext(tables, await compileProject(bare(), tables), '20260102000000')
  return withNext(first, await compileProject(waivable('maintenance'), first), '20260103000000')
}

test('the option is one migration, with a warning; taking it back is one more', async () => {
  const first = withNext(tables, await compileProject(bare(), tables), '20260102000000')
  const on = await compileProject(waivable('maintenance'), first)
  expect(on.migration?.slug).toBe('capture_waiver')
  expect(stepsOf(on)).toEqual(['changeWaiver', 'changeWaivable public.A', 'changeWaivable public.B'])
  expect(on.text).toContain('AUD618: members of the role "maintenance" may waive capture')
  const second = withNext(first, on, '20260103000000')
  const again = await compileProject(waivable('maintenance'), second)
  expect([again.migration, again.text]).toEqual([undefined, ''])

  const other = await compileProject(waivable('somebody else'), second)
  expect(stepsOf(other)).toEqual(['changeWaiver'])
  expect(other.migration?.slug).toBe('capture_waiver')

  const off = await compileProject(bare(), second)
  expect(off.migration?.slug).toBe('no_capture_waiver')
  expect(stepsOf(off)).toEqual(['changeWaivable public.A', 'changeWaivable public.B', 'changeWaiver'])
  expect(off.text).toBe('')
  expect((await compileProject(bare(), withNext(second, off, '20260104000000'))).migration).toBeUndefined()
})

test('a project that had it from the start gets it with its first migration', async () => {
  const first = await compileProject(waivable('maintenance'), tables)
  expect(stepsOf(first).slice(0, 2)).toEqual(['createSchema', 'changeWaiver'])
  expect(first.migration?.sql).toContain('"audit"."record_waiver"')
})

test('without the option the migration has not a word of it', async () => {
  const { migration } = await compileProject(bare(), tables)
  expect(`${migration?.sql}${migration?.downSql}`).not.toMatch(/waive/i)
})

test('no audit table may be called like the table of waivers', async () => {
  const named = (options: string) =>
    schemaOf(auditedModel('capture'), SETTINGS, `table = "{table}_waiver"\n${options}`)
  expect((await compileProject(named('captureWaiverRole = "maintenance"'), tables)).text).toContain(
    'error AUD503: The audit table of "capture" would have the name of the table of waivers: "capture_waiver".',
  )
  expect((await compileProject(named(''), tables)).text).toBe('')
})

test('while a table has to wait, the functions stay that its own ones call', async () => {
  const folder = await installed()
  const early = await compileProject(bare('note'), folder)
  expect(early.waiting.map(({ source }) => source.name)).toEqual(['A'])
  expect(stepsOf(early)).toEqual(['changeWaivable public.B'])
  const next = {
    ...withNext(folder, early, '20260104000000'),
    [DRAFT]: 'ALTER TABLE "A" ADD COLUMN "note" TEXT;\n',
  }
  const late = await compileProject(bare('note'), next)
  expect(stepsOf(late)).toEqual(['addColumn public.A', 'changeWaivable public.A', 'changeWaiver'])
})

test('a draft takes the waiver of its own tables back, and leaves the functions to the last migration', async () => {
  const folder = { ...(await installed()), [DRAFT]: 'ALTER TABLE "A" ADD COLUMN "note" TEXT;\n' }
  const draft = await compileProject(bare('note'), folder, { draft: DRAFT })
  expect(stepsOf(draft)).toEqual(['addColumn public.A', 'changeWaivable public.A'])
  const rest = await compileProject(bare('note'), { ...folder, [DRAFT]: draft.migration?.file ?? '' })
  expect(stepsOf(rest)).toEqual(['changeWaivable public.B', 'changeWaiver'])
})

test('a draft that is the first to make tables waivable brings what they call', async () => {
  const first = withNext(tables, await compileProject(bare(), tables), '20260102000000')
  const folder = { ...first, [DRAFT]: 'ALTER TABLE "A" ADD COLUMN "note" TEXT;\n' }
  const draft = await compileProject(waivable('maintenance', 'note'), folder, { draft: DRAFT })
  expect(stepsOf(draft)).toEqual(['changeWaiver', 'addColumn public.A', 'changeWaivable public.A'])
})

test('two branches that name two roles are merged by a migration that says which', async () => {
  const first = withNext(tables, await compileProject(bare(), tables), '20260102000000')
  const one = withNext(first, await compileProject(waivable('one'), first), '20260103000000')
  const two = withNext(first, await compileProject(waivable('two'), first), '20260103000001')
  const merged = await compileProject(waivable('two'), { ...one, ...two })
  expect(merged.text).toContain('AUD602')
  expect(stepsOf(merged)).toEqual(['changeWaiver', 'replaceFunctions public.A', 'replaceFunctions public.B'])
  expect(merged.migration?.sql).toContain(`r.rolname = 'two'`)
})
