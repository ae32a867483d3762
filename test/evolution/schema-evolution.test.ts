import fc from 'fast-check'
import type pg from 'pg'
import { beforeAll, test } from 'vitest'
import { administer } from '../support/database.ts'
import { createDatabase, type TestDatabase, useTestDatabase } from '../support/test-database.ts'
import { dumpCatalog } from './catalog.ts'
import { anyStep, draftStep, type Step } from './changes.ts'
import type { Migration } from './compiler.ts'
import { difference, downAndUpProblems } from './down-and-up.ts'
import { checkDeployment, type Deployment, deployStep, type Known } from './evolve.ts'
import { FIRST_WORLD } from './first-world.ts'
import { installationProblems } from './installed.ts'
import { loadPrismaSql, type PrismaSql } from './prisma-sql.ts'
import { needsWrapper } from './unaffected.ts'
import { writeStep } from './write-step.ts'

/**
 * A run of `pnpm test` takes the same sequences each time, so that it fails for what was changed; `test:full` draws new
 * ones. AUDIT_TEST_SEED and AUDIT_TEST_PATH, as a failure prints them, run one sequence again; AUDIT_TEST_SHRINKING=0 takes
 * the first failure as it is.
 */
const isFull = process.env.AUDIT_TEST_SIZE === 'full'
const seed = Number(
  process.env.AUDIT_TEST_SEED ?? (isFull ? Math.floor(Math.random() * 2 ** 31) : 1_954_901_870),
)
const [runs, length] = isFull ? [500, 12] : [30, 8]
const path = process.env.AUDIT_TEST_PATH
/** A failure is made smaller for so long, in milliseconds. */
const SHRINKING = Number(process.env.AUDIT_TEST_SHRINKING ?? 60_000)
let failedAt: number | undefined
console.info(`schema-evolution: AUDIT_TEST_SEED=${seed}`)

const EMPTY: Known = {
  world: { ...FIRST_WORLD, models: [], enums: [] },
  identities: new Map(),
  since: new Map(),
  turn: 1,
}
const START: Step = { changes: [], mode: 'plain', traffic: false }

const server = await useTestDatabase()
let prismaSql: PrismaSql

beforeAll(async () => {
  prismaSql = await loadPrismaSql(server.url)
})

test(
  'after any sequence of schema changes every write is recorded, no history is lost, and the folder builds the same database from nothing',
  async () => {
    const sequence = fc.array(anyStep, { minLength: length, maxLength: length })
    const replay = path === undefined ? {} : { path, endOnFailure: true }
    const outcome = await fc.check(fc.asyncProperty(sequence, runSequence), {
      seed,
      numRuns: runs,
      ...replay,
    })
    if (!outcome.failed) return
    const again = `AUDIT_TEST_SEED=${seed} AUDIT_TEST_PATH=${outcome.counterexamplePath}`
    throw new Error(`Run this one again with ${again}\n\n${outcome.errorInstance}`)
  },
  isFull ? 14_400_000 : 400_000,
)

async function runSequence(steps: readonly Step[]): Promise<void> {
  if (failedAt !== undefined && performance.now() - failedAt > SHRINKING) return
  const story: string[] = []
  const main = await createDatabase()
  const copy = await createDatabase()
  const fresh = await createDatabase()
  const opened: pg.PoolClient[] = []
  const open = async (database: TestDatabase) => {
    const client = await database.pool({ max: 1 }).connect()
    opened.push(client)
    return client
  }
  try {
    const [migrator, a, b, c, d, e] = await Promise.all([main, main, main, main, main, main].map(open))
    if (!migrator || !a || !b || !c || !d || !e) return
    const deployment: Deployment = { migrator, writers: [a, b, c], traffic: [d, e] }
    const copyClient = await open(copy)
    let folder: readonly Migration[] = []
    let known = EMPTY
    let number = 1
    for (const chosen of [START, ...steps]) {
      const isFirst = chosen === START
      const draft = isFirst
        ? {
            base: EMPTY.world,
            target: FIRST_WORLD,
            byHand: ['CREATE SCHEMA "Other Schema";'],
            leaving: [],
            labels: ['first migration'],
          }
        : draftStep(known.world, chosen.changes)
      if (draft.labels.length === 0) continue
      const step = needsWrapper(known.world, draft.target) ? { ...chosen, mode: 'wrapper' as const } : chosen
      number += 1
      story.push(`${step.mode}${step.traffic ? ', traffic' : ''}: ${draft.labels.join('; ')}`)
      const written = await writeStep(draft, { mode: step.mode, number }, folder, prismaSql)
      folder = [...folder, ...written.files]
      demand(await deployStep(deployment, known, draft, step, written.files))
      const checked = await checkDeployment(deployment, known, draft, step, written)
      demand(checked.problems)
      demand(await installationProblems(migrator, folder, written))
      demand(await downAndUpProblems(copyClient, known.world, draft, written, number))
      known = checked.known
    }
    for (const { text } of folder) await fresh.query(text)
    const dumps = await Promise.all([main, fresh].map(({ url }) => administer(url, dumpCatalog)))
    demand(difference('step by step', dumps[0] ?? [], 'from nothing', dumps[1] ?? []))
  } catch (error) {
    failedAt ??= performance.now()
    throw new Error(
      `${story.map((line, index) => `${index + 1}. ${line}`).join('\n')}\n\n${describe(error)}`,
      {
        cause: error,
      },
    )
  } finally {
    for (const client of opened) client.release()
    await Promise.all([main.drop(), copy.drop(), fresh.drop()])
  }
}

function demand(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.join('\n'))
}

/** An error of PostgreSQL's says where it arose, in our functions or not. */
function describe(error: unknown): string {
  const { stack, where } = error as { stack?: string; where?: string }
  return [stack ?? String(error), where ?? ''].join('\n')
}
