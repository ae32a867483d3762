import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import pg from 'pg'
import { withAuditContext } from 'prisma-extension-audit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { foldParts } from '../../packages/generator/src/state/fold-parts.ts'
import { foldHistory, liveRows } from '../../packages/generator/test/sql/fold-history.ts'
import { serverMajor } from '../support/test-database.ts'
import { anyOperation, type Operation, type Shop, takenApart } from './fold-equals-table/operations.ts'
import { readValueColumns } from './fold-equals-table/values.ts'
import { importAudit, openClient, useProject } from './main-path/audited-project.ts'

const isFull = process.env.AUDIT_TEST_SIZE === 'full'
const seed = Number(process.env.AUDIT_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
console.info(`fold-equals-table: AUDIT_TEST_SEED=${seed}`)

const prisma = (path: string) => fileURLToPath(new URL(`../../prisma/${path}`, import.meta.url))
const migrations = Object.fromEntries(
  readdirSync(prisma('migrations'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => [name, readFileSync(prisma(`migrations/${name}/migration.sql`), 'utf8')]),
)
const { tables } = foldParts(
  Object.keys(migrations)
    .sort()
    .map((name) => ({ migration: name, text: migrations[name] ?? '' })),
).state
const audited = await useProject({ schema: readFileSync(prisma('schema.prisma'), 'utf8'), migrations })
const plain = new pg.Client({ connectionString: audited.database.url })
afterAll(() => plain.end())

/** The one who writes now; every operation has a name of its own. */
let writer = ''
let shop: Shop
let operation: fc.Arbitrary<Operation>

beforeAll(async () => {
  await plain.connect()
  await audited.project.prisma(['migrate', 'deploy'])
  await audited.project.prisma(['generate'])
  const { auditContext } = await importAudit(audited)
  const client = await openClient<keyof Shop['models'] & string>(audited)
  const names = () => ({ username: writer, request_id: '6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b' })
  const extended = client.$extends(auditContext(names))
  shop = {
    models: extended,
    prisma: extended,
    pg: (statement) => withAuditContext(plain, names(), (tx) => tx.query(statement)),
  }
  operation = anyOperation({ columns: await readValueColumns(plain), major: serverMajor() })
})

const query = async (text: string) => (await plain.query<{ row: string }>(text)).rows
const quoted = (name: string) => pg.escapeIdentifier(name)

/** Of each audit table: how far it goes, and who wrote what came after `from`. */
async function newRows(from: ReadonlyMap<string, string>) {
  const parts = tables.map(({ schema, names }) => {
    const since = from.get(names.table) ?? '0'
    return `SELECT ${pg.escapeLiteral(names.table)} AS name, coalesce(max(audit_id), ${since})::text AS last,
      coalesce(array_agg(DISTINCT audit_username), '{}') AS writers
      FROM ${quoted(schema)}.${quoted(names.table)} WHERE audit_id > ${since}`
  })
  const { rows } = await plain.query<{ name: string; last: string; writers: (string | null)[] }>(
    parts.join(' UNION ALL '),
  )
  return {
    writers: [...new Set(rows.flatMap((row) => row.writers))],
    last: new Map(rows.map((row) => [row.name, row.last])),
  }
}

let seen: ReadonlyMap<string, string> = new Map()
let number = 0
const succeeded = new Map<string, number>()

async function run(each: Operation): Promise<void> {
  number += 1
  writer = `writer ${number}`
  const outcome = await takenApart(() => each.run(shop))
  const { writers, last } = await newRows(seen)
  seen = last
  // What failed or was rolled back leaves nothing; what was done has one name on all its rows.
  if (outcome === 'refused' || each.isRolledBack) expect({ each, writers }).toEqual({ each, writers: [] })
  else {
    expect([[], [writer]]).toContainEqual(writers)
    if (writers.length > 0) succeeded.set(each.kind, (succeeded.get(each.kind) ?? 0) + 1)
  }
}

test(
  'after any operations of Prisma and of raw SQL, folding the history by key gives exactly the live tables, and every row names its writer',
  async () => {
    expect(tables.map(({ key }) => key.length)).not.toContain(0)
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 25 }), async (operations) => {
        for (const each of operations) await run(each)
        for (const table of tables) {
          expect({ table: table.source.name, rows: await foldHistory(query, table) }).toEqual({
            table: table.source.name,
            rows: await liveRows(query, table),
          })
        }
      }),
      { seed, numRuns: isFull ? 500 : 150, endOnFailure: true },
    )
    // Otherwise the test would have proved nothing.
    expect(seen.size).toBe(12)
    expect([...seen].filter(([, last]) => last === '0')).toEqual([])
    expect(succeeded.size).toBeGreaterThan(15)
  },
  isFull ? 3_600_000 : 120_000,
)
