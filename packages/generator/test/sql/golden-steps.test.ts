import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { renderDown } from '../../src/sql/render-down.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import { STEP_KINDS } from '../../src/state/parse-step.ts'
import { CASES } from './evolution-cases.ts'
import { EXAMPLES, type Example } from './examples.ts'
import { RENAMES } from './rename-cases.ts'

/** These have their golden files elsewhere: each step alone, and each rename. */
const ELSEWHERE = new Set([...CASES, ...RENAMES].map(({ name }) => name))
/** Their SQL is that of another one: they differ in what the database holds before. */
const SAME: ReadonlyMap<string, string> = new Map([
  ['adopt', 'create'],
  ['move-audit-schema', 'move-schema'],
])
const OWN = [...EXAMPLES].filter(([name]) => !ELSEWHERE.has(name) && !SAME.has(name))

const render = ({ from, steps }: Example) => {
  const plan = planMigration(from, steps)
  return { up: renderMigration(plan, { from }), down: renderDown(plan, { from }) }
}

it.each(OWN)('%s: the SQL is the golden one, up and down', async (name, example) => {
  const { up, down } = render(example)
  await expect(up).toMatchFileSnapshot(`../golden/sql/${name}.sql`)
  await expect(down).toMatchFileSnapshot(`../golden/sql/${name}.down.sql`)
})

it('every kind of step, and every reason to emit functions anew, has a golden pair', () => {
  const all = [...OWN.map(([, { steps }]) => steps), ...RENAMES.map(({ steps }) => steps)]
  const ofCases = CASES.flatMap(({ name }) => EXAMPLES.get(name)?.steps ?? [])
  const steps = [...all.flat(), ...ofCases]
  expect([...new Set(steps.map(({ kind }) => kind))].sort()).toEqual([...STEP_KINDS].sort())
  const reasons = new Set(steps.flatMap((step) => (step.kind === 'replaceFunctions' ? [step.reason] : [])))
  expect([...reasons].sort()).toEqual(['branches met', 'column retyped', 'enum changed'])
})

it('every golden file is that of an example, and each has both', () => {
  const files = readdirSync(new URL('../golden/sql', import.meta.url)).sort()
  const names = [...ELSEWHERE, ...OWN.map(([name]) => name)]
  expect(files).toEqual(names.flatMap((name) => [`${name}.sql`, `${name}.down.sql`]).sort())
  for (const name of SAME.values()) expect(names).toContain(name)
})

it('what adopts a live history is the SQL that would make it', () => {
  const [adopt, create] = ['adopt', 'create'].map((name) => EXAMPLES.get(name))
  if (adopt === undefined || create === undefined) throw new Error('an example is gone')
  expect(render(adopt)).toEqual(render(create))
})

/** The statements of one transaction that lock a source table by name or as a row of a query, in their order. */
const locksOf = (transaction: string) =>
  [
    ...transaction.matchAll(
      /LOCK TABLE (?!"audit")[^\n]*?IN ([A-Z ]+) MODE|(?:DROP|ALTER) TRIGGER (?!IF EXISTS "append_only")/g,
    ),
  ].map(([, mode]) => mode ?? 'triggers')

it('a lock on a source table is never raised: who has read it and is about to write would meet it in a deadlock', () => {
  const files = readdirSync(new URL('../golden/sql', import.meta.url))
  const transactions = files.flatMap((file) => {
    const text = readFileSync(new URL(`../golden/sql/${file}`, import.meta.url), 'utf8')
    return text.split('\nCOMMIT;\n').map((transaction) => ({ file, locks: locksOf(transaction) }))
  })
  const locked = transactions.filter(({ locks }) => locks.length > 1 && locks.includes('triggers'))
  expect(locked.length).toBeGreaterThan(10)
  const raised = locked.filter(({ locks }) => {
    const first = locks.indexOf('triggers')
    return first > 0 && !locks.slice(0, first).includes('ACCESS EXCLUSIVE')
  })
  expect(raised).toEqual([])
})
