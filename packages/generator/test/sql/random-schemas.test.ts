import fc from 'fast-check'
import type pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { pinnedOutput } from '../../src/sql/pinned-output.ts'
import { sqlText } from '../../src/sql/sql.ts'
import { findTable } from '../../src/state/database-state.ts'
import { install, state } from './fixture.ts'
import { foldHistory, liveRows } from './fold-history.ts'
import { IS_FULL, run, SEED, type Transaction, transactionOf } from './folding-property.ts'
import {
  kindsOf,
  OPTIONAL_TYPES,
  OWN_TYPES,
  quoted,
  type RandomTable,
  SCHEMA,
  tablesOf,
  tableWishes,
} from './random-schema.ts'
import { statementOn, statementWishes } from './random-writes.ts'

/** A context that is missing, TRUNCATE refused; NULL in a key by SET NULL; a row that is not its partition's. */
const REFUSED = ['AU001', 'AU003', '23502', '23514']

const LIMIT = IS_FULL ? 900_000 : 30_000

interface Program {
  readonly tables: readonly RandomTable[]
  /** Committed before the audit, which then has a baseline. */
  readonly before: readonly string[]
  readonly transactions: readonly Transaction[]
}

const programs = (kinds: Parameters<typeof tablesOf>[1]): fc.Arbitrary<Program> =>
  fc
    .tuple(
      tableWishes,
      fc.array(statementWishes, { maxLength: 2 }),
      fc.array(transactionOf(statementWishes), { minLength: 1, maxLength: 5 }),
    )
    .map(([wishes, before, transactions]) => {
      const bare = tablesOf(wishes, kinds)
      const tables =
        before.length === 0
          ? bare
          : bare.map((each) => ({ ...each, audited: { ...each.audited, backfill: true as const } }))
      const on = (wish: (typeof before)[number]) => statementOn(tables, wish)
      const program = {
        tables,
        before: before.map(on),
        transactions: transactions.map(({ groups, isKept }) => ({
          groups: groups.map((group) => ({ ...group, statements: group.statements.map(on) })),
          isKept,
        })),
      }
      return { ...program, [fc.toStringMethod]: () => readable(program) }
    })

function readable({ tables, before, transactions }: Program): string {
  const audits = tables.map(({ create, audited }) => {
    const { level, updates, truncate, missingSettings, key, columns } = audited
    const history = columns.map(
      ({ name, sourceName, policy }) =>
        `${JSON.stringify(sourceName ?? name)} as ${JSON.stringify(name)} ${policy}`,
    )
    return `${create};\n-- ${JSON.stringify({ level, updates, truncate, missingSettings, key })}\n-- ${history.join(', ')}`
  })
  const written = transactions.map(({ groups, isKept }) => {
    const parts = groups.map(
      (group) =>
        `SAVEPOINT a;\n  ${group.statements.join(';\n  ')};\n${group.isKept ? 'RELEASE' : 'ROLLBACK TO'} a;`,
    )
    return `BEGIN;\n${parts.join('\n')}\n${isKept ? 'COMMIT' : 'ROLLBACK'};`
  })
  return `\n${[...audits, ...before.map((each) => `${each};`), '-- audited from here', ...written].join('\n')}\n`
}

async function prepare(client: pg.PoolClient, { tables, before }: Program): Promise<void> {
  await client.query('ROLLBACK')
  await client.query(`DROP SCHEMA IF EXISTS audit CASCADE; DROP SCHEMA IF EXISTS ${quoted(SCHEMA)} CASCADE`)
  const creates = tables.map(({ create }) => create).join(';\n')
  await client.query(`CREATE SCHEMA ${quoted(SCHEMA)};\n${creates}`)
  await run(client, { groups: [{ statements: before, isKept: true }], isKept: true }, REFUSED)
  await client.query(install(...tables.map(({ audited }) => audited)))
}

it(
  'on random schemas folding the history by key gives exactly the live table after each commit',
  async () => {
    console.info(`random-schemas: AUDIT_TEST_SEED=${SEED}`)
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    await database.query(OWN_TYPES)
    const optional = await database.query<{ name: string }>(OPTIONAL_TYPES)
    const client = await database.pool({ max: 1 }).connect()
    onTestFinished(() => client.release())
    // As the triggers write text, so that texts can be compared.
    await client.query(sqlText(pinnedOutput()).replaceAll('\n', ';\n'))
    await client.query(`SET audit.username = 'anna'`)
    const query = async (text: string) => (await client.query<{ row: string }>(text)).rows
    let [succeeded, compared] = [0, 0]
    await fc.assert(
      fc.asyncProperty(programs(kindsOf(optional.map(({ name }) => name))), async (program) => {
        await prepare(client, program)
        const built = state(...program.tables.map(({ audited }) => audited))
        for (const transaction of program.transactions) {
          succeeded += await run(client, transaction, REFUSED)
          for (const { audited } of program.tables) {
            const table = findTable(built, audited.source)
            if (table === undefined) throw new Error('the fixture lost a table')
            const live = await liveRows(query, table)
            expect(await foldHistory(query, table)).toEqual(live)
            compared += live.length
          }
        }
      }),
      { seed: SEED, numRuns: IS_FULL ? 1200 : 60, interruptAfterTimeLimit: LIMIT },
    )
    expect(succeeded).toBeGreaterThan(100)
    expect(compared).toBeGreaterThan(100)
    console.info(`random-schemas: ${succeeded} statements, ${compared} rows compared`)
  },
  2 * LIMIT,
)
