import fc from 'fast-check'
import type pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { pinnedOutput } from '../../src/sql/pinned-output.ts'
import { sqlText } from '../../src/sql/sql.ts'
import { compareAll } from './comparing.ts'
import { install, state } from './fixture.ts'
import { countMarked, foldHistory, keylessHistory, liveRows } from './fold-history.ts'
import { IS_FULL, run, SEED, type Transaction, transactionOf } from './folding-property.ts'
import { quoted, WRITER } from './random-create.ts'
import { type Kind, kindsOf, OPTIONAL_TYPES, OWN_TYPES } from './random-kinds.ts'
import { type RandomTable, SCHEMA, tablesOf, tableWishes } from './random-schema.ts'
import { insertWishes, statementOn, statementWishes } from './random-writes.ts'

/**
 * A context that is missing, TRUNCATE refused; NULL in a key by SET NULL; a row that is not its partition's, with a BEFORE trigger, too;
 * one that a policy of the application refuses, which is no right that the audit lacks.
 */
const REFUSED = [
  ...['AU001', 'AU003', '23502', '23514'],
  'moving row to another partition during a BEFORE FOR EACH ROW trigger',
  'row-level security policy',
]

/** In milliseconds; a counterexample is shrunk no longer than that. */
const LIMIT = IS_FULL ? 900_000 : 45_000

interface Program {
  readonly tables: readonly RandomTable[]
  /** What fills the tables. */
  readonly first: Transaction
  /** The audit begins with what fills them, or after it with a baseline. */
  readonly isFilledBefore: boolean
  readonly transactions: readonly Transaction[]
}

const programs = (kinds: readonly Kind[]): fc.Arbitrary<Program> =>
  fc
    .tuple(
      tableWishes,
      fc.array(insertWishes, { maxLength: 6 }),
      fc.boolean(),
      fc.array(transactionOf(statementWishes), { minLength: 1, maxLength: 5 }),
    )
    .map(([wishes, inserts, isFilledBefore, wished]) => {
      const tables = tablesOf(wishes, kinds, isFilledBefore)
      const statements = inserts.map(({ kind, numbers }, index) =>
        statementOn(tables, { kind, numbers: [index, ...numbers] }),
      )
      const transactions = wished.map(({ groups, isKept }) => ({
        groups: groups.map((group) => ({
          ...group,
          statements: group.statements.map((wish) => statementOn(tables, wish)),
        })),
        isKept,
      }))
      const first = { groups: [{ statements, isKept: true }], isKept: true }
      const program = { tables, first, isFilledBefore, transactions }
      return { ...program, [fc.toStringMethod]: () => readable(program) }
    })

/** The program in SQL, with what each table's audit is told. */
function readable({ tables, first, isFilledBefore, transactions }: Program): string {
  const audits = tables.map(({ create, audited: { source, names, columns, settings, ...options } }) => {
    const history = columns.map(({ name, sourceName = name, policy }) => ({ [sourceName]: [name, policy] }))
    return `${create};\n-- ${JSON.stringify({ ...options, settings: settings.map(({ name }) => name), columns: history })}`
  })
  const begin = '-- The audit begins.'
  const filled = isFilledBefore ? [transactionText(first), begin] : [begin, transactionText(first)]
  return `\n${[...audits, ...filled, ...transactions.map(transactionText)].join('\n')}\n`
}

function transactionText({ groups, isKept }: Transaction): string {
  const parts = groups.map((group) => {
    const statements = group.statements.map((each) => `  ${each};\n`)
    return `SAVEPOINT a;\n${statements.join('')}${group.isKept ? 'RELEASE' : 'ROLLBACK TO'} a;\n`
  })
  return `BEGIN;\n${parts.join('')}${isKept ? 'COMMIT' : 'ROLLBACK'};`
}

/** As the triggers write text, so that texts can be compared. */
const OUTPUT = sqlText(pinnedOutput()).replaceAll('\n', ';\n')

async function prepare(client: pg.PoolClient, { tables, first, isFilledBefore }: Program): Promise<void> {
  await client.query(`${OUTPUT}; SET audit.username = 'anna'; SET client_min_messages = warning;
    DROP SCHEMA IF EXISTS audit CASCADE; DROP SCHEMA IF EXISTS ${quoted(SCHEMA)} CASCADE; CREATE SCHEMA ${quoted(SCHEMA)};
    ${tables.map(({ create }) => create).join(';\n')};
    GRANT USAGE ON SCHEMA ${quoted(SCHEMA)} TO ${quoted(WRITER)}; GRANT ALL ON ALL TABLES IN SCHEMA ${quoted(SCHEMA)} TO ${quoted(WRITER)}`)
  if (isFilledBefore) await run(client, first, REFUSED)
  await client.query(install(...tables.map(({ audited }) => audited)))
}

it(
  'on random schemas folding the history by key gives exactly the live table after each commit, and no write is missed',
  async () => {
    console.info(`random-schemas: AUDIT_TEST_SEED=${SEED}`)
    const database = await createDatabase()
    onTestFinished(async () => {
      await database.query(`DROP OWNED BY ${quoted(WRITER)}; DROP ROLE ${quoted(WRITER)}`)
      await database.drop()
    })
    await database.query(`CREATE ROLE ${quoted(WRITER)}; ${OWN_TYPES}`)
    const optional = await database.query<{ name: string }>(OPTIONAL_TYPES)
    const pool = database.pool({ max: 1 })
    let [succeeded, compared, verified, marked] = [0, 0, 0, 0]
    const hold = async (client: pg.PoolClient, program: Program) => {
      await prepare(client, program)
      const query = async (text: string) => (await client.query<{ row: string }>(text)).rows
      const { tables } = state(...program.tables.map(({ audited }) => audited))
      const { first, isFilledBefore, transactions } = program
      for (const transaction of isFilledBefore ? transactions : [first, ...transactions]) {
        succeeded += await run(client, transaction, REFUSED)
        for (const table of tables) {
          const live = await liveRows(query, table)
          compared += live.length
          if (table.key.length === 0) {
            const { count, rows } = await keylessHistory(query, table)
            expect(count).toBe(live.length)
            expect(rows).toEqual(expect.arrayContaining([...live]))
          } else {
            expect(await foldHistory(query, table)).toEqual(live)
            const { findings, untold, rows } = await compareAll(client, table)
            expect({ findings, untold }).toEqual({ findings: [], untold: 0 })
            verified += rows
            marked += await countMarked(query, table)
          }
        }
      }
    }
    await fc.assert(
      fc.asyncProperty(programs(kindsOf(optional.map(({ name }) => name))), async (program) => {
        // A session that remembers hundreds of dropped tables is slow.
        const client = await pool.connect()
        await hold(client, program).finally(() => client.release(true))
      }),
      { seed: SEED, numRuns: IS_FULL ? 800 : 40, interruptAfterTimeLimit: LIMIT },
    )
    expect(succeeded).toBeGreaterThan(100)
    expect(compared).toBeGreaterThan(100)
    expect(verified).toBeGreaterThan(10)
    expect(marked).toBeGreaterThan(0)
  },
  2 * LIMIT,
)
