import { afterAll, describe, expect, it } from 'vitest'
import type { AuditedColumn, AuditedTable } from '../../src/model/audit-model.ts'
import { compareAll } from '../sql/comparing.ts'
import { column, facts, state, type } from '../sql/fixture.ts'
import { auditedTables, WAYS } from './audited-table.ts'

const { database, run, audited } = await auditedTables()

await run(`CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions; CREATE EXTENSION hstore SCHEMA extensions;
  CREATE EXTENSION ltree SCHEMA extensions; CREATE EXTENSION cube SCHEMA extensions;
  CREATE DOMAIN route AS extensions.ltree; CREATE DOMAIN mail AS extensions.citext; CREATE DOMAIN amount AS numeric(10, 2);
  CREATE TYPE pair AS (a int, b text); CREATE TYPE step AS (at extensions.ltree, n int); CREATE DOMAIN steps AS step;
  CREATE TYPE mood AS ENUM ('glad', 'so-so', 'sad'); CREATE TYPE moods AS RANGE (subtype = mood);
  CREATE TYPE paths AS RANGE (subtype = extensions.ltree)`)

const client = await database.pool({ max: 1 }).connect()
afterAll(() => client.release(true))

const asText: Partial<AuditedColumn> = { asText: true }

/** What a key may be: its type in the database, what Prisma says of it, and three values. */
const KEYS: readonly (readonly [string, Partial<AuditedColumn>, string, string, string])[] = [
  // No field has it.
  ['extensions.ltree', asText, 'a.b', 'a.c', 'd'],
  ['extensions.citext', asText, 'a', 'b', 'A'],
  ['extensions.hstore', asText, 'a=>1', 'a=>2', ''],
  ['extensions.cube', asText, '(1,2)', '(1,3)', '(2)'],
  ['extensions.ltree[]', asText, '{a.b}', '{a.c}', '{}'],
  ['route', asText, 'a.b', 'a.c', 'd'],
  ['mail', asText, 'a@b', 'b@b', 'A@b'],
  ['pair', asText, '(1,x)', '(1,y)', '(,)'],
  ['step', asText, '(a.b,1)', '(a.c,1)', '(a,2)'],
  ['steps', asText, '(a.b,1)', '(a.c,1)', '(a,2)'],
  ['int4range', asText, '[1,5)', '[1,6)', 'empty'],
  ['moods', asText, '[glad,sad]', '[glad,sad)', 'empty'],
  ['paths', asText, '[a,b)', '[a,c)', 'empty'],
  ['int4multirange', asText, '{[1,5)}', '{[1,6)}', '{}'],
  ['interval', asText, '1 day', '2 days', '24:00'],
  // As Prisma says.
  ['mood', { isEnum: true }, 'glad', 'sad', 'so-so'],
  ['mood[]', { isEnum: true, type: type('text', [], true) }, '{glad}', '{sad}', '{}'],
  ['char(4)', { type: type('char', [4]) }, 'a', 'b', 'c'],
  ['varchar(4)', { type: type('varchar', [4]) }, 'a', 'b', 'A'],
  ['numeric(10,2)', { type: type('numeric', [10, 2]) }, '1.5', '1.6', '2'],
  // What a database may have where Prisma's schema says one of its own types.
  ['extensions.citext', {}, 'a', 'b', 'A'],
  ['extensions.citext[]', { type: type('text', [], true) }, '{a}', '{b}', '{A}'],
  ['extensions.ltree', {}, 'a.b', 'a.c', 'd'],
  ['route', {}, 'a.b', 'a.c', 'd'],
  ['mail', {}, 'a@b', 'b@b', 'A@b'],
  ['mood', {}, 'glad', 'sad', 'so-so'],
  ['uuid', {}, ...uuids()],
  ['amount', { type: type('numeric', [10, 2]) }, '1.5', '1.6', '2'],
]

function uuids(): [string, string, string] {
  const uuid = (last: number) => `6ec0bd7f-11c0-43da-975e-2a8ad9ebae0${last}`
  return [uuid(1), uuid(2), uuid(3)]
}

/** Level row, which the others are, too, and what each of them compares besides. */
const KEY_WAYS: readonly (readonly [string, Partial<AuditedTable>])[] = [
  ...WAYS.filter(([name]) => name !== 'level row'),
  ['whenChanged', { level: 'row', settings: facts('unchanged_columns') }],
]

describe.each(KEY_WAYS)('%s', (wayName, way) => {
  const isBig = wayName === 'whenChanged'
  const note: AuditedColumn = { ...column('note', 'text'), ...(isBig ? { whenChanged: true } : {}) }
  const touched = 'updates' in way ? [] : isBig ? ['U (1,)', 'U (2,)'] : ['U (1,a)', 'U (2,b)']

  /** What the history and the table say of each other, and how many rows there are. */
  const compared = async (wanted: AuditedTable) => {
    const [object] = state(wanted).tables
    if (object === undefined) throw new Error('no table')
    const { findings, untold, rows } = await compareAll(client, object)
    return { findings, untold, rows }
  }

  it.each(KEYS)(
    'a key of type %s, with %o in the schema, fails no write',
    async (typeName, wishes, ...texts) => {
      const [a, b, c] = texts.map((text) => `'${text}'::${typeName}`)
      const { name, wanted, history } = await audited(
        {
          ...way,
          columns: [
            { ...column('id', 'text'), ...wishes },
            column('n', 'integer'),
            column('row', 'integer'),
            note,
          ],
          key: ['n', 'id'],
          backfill: true,
        },
        (
          source,
        ) => `CREATE TABLE ${source} (id ${typeName}, n int, "row" int, note text, PRIMARY KEY (n, id) DEFERRABLE);
          INSERT INTO ${source} VALUES (${a}, 1, 1, 'a')`,
      )
      await run(`INSERT INTO ${name} VALUES (${b}, 1, 2, 'b'); UPDATE ${name} SET n = n`)
      await run(`UPDATE ${name} SET id = ${c} WHERE "row" = 1; UPDATE ${name} SET note = 'c' WHERE "row" = 1`)
      await run(`UPDATE ${name} SET n = 3 - n, note = 'd'`)
      // They change places, and both live on.
      await run(`UPDATE ${name} SET id = CASE "row" WHEN 1 THEN ${b} ELSE ${c} END`)
      expect(await compared(wanted)).toEqual({ findings: [], untold: 0, rows: 2 })
      await run(`DELETE FROM ${name} WHERE "row" = 2; TRUNCATE ${name}`)
      expect(await compared(wanted)).toEqual({ findings: [], untold: 0, rows: 0 })
      const rows = await history('"row", note')
      expect(rows).toEqual(
        expect.arrayContaining([
          'B (1,a)',
          'I (2,b)',
          ...touched,
          'D (1,a)',
          'U (1,a)',
          'U (1,c)',
          'D (2,b)',
          'U (2,d)',
        ]),
      )
    },
  )
})
