import { afterAll, beforeAll, expect } from 'vitest'
import { datedBack } from '../../../packages/generator/test/sql/old-partitions.ts'
import type { TestDatabase } from '../../support/test-database.ts'
import { installedProject, type WrappedProject } from '../migrate/wrapped-project.ts'

/** Of each kind of history one, and the tables that only commands make. */
const MODELS = `/// @audit(enabled, backfill: batches, partitionBy: month)
model Order {
  id    Int @id @default(autoincrement())
  total Int
}

/// @audit(enabled)
model Plain {
  name String @id
}
`
const TABLES = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "total" INTEGER NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Plain" ("name" TEXT NOT NULL, CONSTRAINT "Plain_pkey" PRIMARY KEY ("name"));
`

export interface SetUpProject {
  readonly wrapped: WrappedProject
  readonly roles: Readonly<Record<'eraser' | 'pruner' | 'officer' | 'nobody', string>>
  /** The database as somebody else sees it. */
  urlOf(role: keyof SetUpProject['roles']): string
  write(sql: string): Promise<unknown>
  /** As it was installed, whatever a test has done. */
  restore(): Promise<void>
}

/** One project for a test file, with rows, seals, a hold that has ended, and the set-ups of erasure and pruning. */
export function useSetUpProject(): () => SetUpProject {
  let made: SetUpProject | undefined
  const kept: (() => Promise<void> | void)[] = []
  beforeAll(async () => {
    made = await setUpProject((each) => kept.push(each))
  })
  afterAll(async () => {
    for (const each of kept.reverse()) await each()
  })
  return () => {
    if (made === undefined) throw new Error('the project is not set up yet')
    return made
  }
}

async function setUpProject(whenDone: (clean: () => Promise<void>) => void): Promise<SetUpProject> {
  const wrapped = await installedProject(MODELS, TABLES, whenDone)
  const { database } = wrapped
  await datedBack(database, 20)
  const named = (role: string) => `${database.name}_${role}`
  const roles = {
    eraser: named('eraser'),
    pruner: named('pruner'),
    officer: named('officer'),
    nobody: named('nobody'),
  }
  await database.query(`CREATE ROLE "${roles.nobody}" LOGIN PASSWORD 'x'`)
  whenDone(async () => {
    for (const role of Object.values(roles))
      await database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
  })
  const write = (sql: string) =>
    database.query(`BEGIN; SELECT set_config('audit.username', 'ann', true); ${sql}; COMMIT`)
  const done = async (...args: readonly string[]) => {
    const result = await wrapped.audit(args)
    expect([result.exitCode, result.stdout + result.stderr]).toEqual([0, expect.anything()])
    return result.stdout
  }
  const by = ['--by', roles.officer]
  const eraser = await done('eraser', '--role', roles.eraser, ...by)
  const pruner = await done('pruner', '--role', roles.pruner, ...by, '--at-least', '1y')
  await database.query(eraser)
  await database.query(pruner)
  await database.query(`ALTER ROLE "${roles.officer}" PASSWORD 'x'`)
  await write(
    `INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 50) g; INSERT INTO "Plain" VALUES ('a')`,
  )
  await done('hold', '--model', 'Plain', '--reason', 'x')
  await done('hold', '--release', '1', '--reason', 'x')
  await done('seal', '--wait', '60')
  // Those that the set-ups could not know.
  await database.query(eraser)
  await database.query(pruner)
  return {
    wrapped,
    roles,
    urlOf: (role) => urlOf(database, roles[role]),
    write,
    async restore() {
      const context = ['--set', 'username=test']
      await wrapped.audit(['resume', ...context])
      await wrapped.audit(['partition'])
      await done('after-restore', '--reconcile', ...context)
    },
  }
}

function urlOf({ url }: TestDatabase, role: string): string {
  const found = new URL(url)
  found.username = role
  found.password = 'x'
  return found.href
}
