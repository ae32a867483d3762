import { describe, expect, it } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { compileProject, schemaOf } from '../compile/compile-project.ts'
import { apply, audited, followed } from '../compile/follow-project.ts'

/** Names of 63 bytes that are one name where something is cut off or put behind: the last byte alone tells them apart. */
const FAMILIES = [
  ['in ASCII', 'x'.repeat(62)],
  ['of two bytes a letter', `x${'é'.repeat(30)}x`],
  ['that need quotes', `" ${'o'.repeat(60)}`],
] as const

interface Wishes {
  /** What the model's annotation says after `enabled`. */
  readonly model?: string
  /** Above each of the two fields. */
  readonly fields?: readonly [string, string]
  readonly type?: 'String' | 'Int'
}

/** Two tables of such names, each with two columns of such names. */
function project(stem: string, { model = '', fields = ['', ''], type = 'String' }: Wishes = {}) {
  const names = [`${stem}1`, `${stem}2`]
  expect(names.map((name) => Buffer.byteLength(name))).toEqual([63, 63])
  const escaped = names.map((name) => name.replaceAll('"', '\\"'))
  const models = escaped.map(
    (name, at) => `/// @audit(enabled${model})
      model M${at} {
        id   Int    @id(map: "key_${at}")
        ${fields[0]}
        one  ${type} @map("${escaped[0]}")
        ${fields[1]}
        two  ${type} @map("${escaped[1]}")
        @@map("${name}")
      }`,
  )
  const tables = names.map((name) => `"${name.replaceAll('"', '""')}"`)
  const [one = '', two = ''] = tables
  const init = tables
    .map(
      (name, at) =>
        `CREATE TABLE ${name} (id INTEGER NOT NULL, ${one} TEXT NOT NULL, ${two} TEXT NOT NULL, CONSTRAINT key_${at} PRIMARY KEY (id));`,
    )
    .join('\n')
  return { schema: schemaOf(models.join('\n'), '["username String?"]'), init, tables, one, two }
}

/** What each history says, by whatever name it has. */
async function histories(database: TestDatabase, values: string): Promise<readonly unknown[]> {
  const tables = await database.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class
     WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r' AND relname <> 'hash_key' ORDER BY relname`,
  )
  const found = await Promise.all(
    tables.map(({ name }) =>
      database.query(
        `SELECT string_agg(audit_operation || id || ${values}, ' ' ORDER BY audit_id) AS rows FROM ${name}`,
      ),
    ),
  )
  return found
    .flat()
    .map(({ rows }) => rows)
    .toSorted()
}

const WISHES = [
  ['by statement', {}],
  ['by row', { model: ', level: row' }],
  ['by row, where something changed', { model: ', level: row, updates: changed' }],
  ['recorded when they change', { fields: ['/// @audit(whenChanged)', '/// @audit(whenChanged)'] }],
] as const satisfies readonly (readonly [string, Wishes])[]

describe.each(FAMILIES)('63-byte names %s that would collide', (_, stem) => {
  it.each(WISHES)('have histories of their own: %s', async (_way, wishes) => {
    const { schema, init, tables, one, two } = project(stem, wishes)
    const folder = await audited(schema, init)
    expect((await compileProject(schema, folder)).migration).toBeUndefined()
    const database = await apply(folder, {})
    try {
      for (const [at, name] of tables.entries()) {
        await database.query(
          `INSERT INTO ${name} VALUES (${at}, 'a', 'b'); UPDATE ${name} SET id = id + 10; UPDATE ${name} SET ${two} = 'c'; TRUNCATE ${name}`,
        )
      }
      const values = `coalesce(${one}, '-') || coalesce(${two}, '-')`
      // Under a new key nothing is held yet, then only what changed is; TRUNCATE records all.
      const changed = 'fields' in wishes ? '-c' : 'ac'
      expect(await histories(database, values)).toEqual([
        `I0ab D0ab U10ab U10${changed} D10ac`,
        `I1ab D1ab U11ab U11${changed} D11ac`,
      ])
    } finally {
      await database.drop()
    }
  })

  it('are hashed each with a key of its own, and redacted', async () => {
    const { schema, init, tables, one, two } = project(stem, {
      fields: ['/// @audit(hash)', '/// @audit(redact)'],
    })
    const folder = await audited(schema, init)
    expect((await compileProject(schema, folder)).migration).toBeUndefined()
    const database = await apply(folder, {})
    try {
      for (const name of tables)
        await database.query(`INSERT INTO ${name} VALUES (1, 'a', 'b'), (2, 'a', 'b')`)
      expect(await database.query('SELECT count(*)::int AS keys FROM audit.hash_key')).toEqual([{ keys: 2 }])
      const rows = await histories(database, `' ' || ${one} || ' ' || ${two}`)
      const hashes = rows.map((each) => [...new Set(String(each).match(/[0-9a-f]{64}/g))])
      expect(hashes.map(({ length }) => length)).toEqual([1, 1])
      expect(hashes[0]).not.toEqual(hashes[1])
      for (const each of rows) expect(String(each).match(/\[redacted\]/g)).toHaveLength(2)
    } finally {
      await database.drop()
    }
  })

  it('keep what they were, set aside under names of their own, when they get another type', async () => {
    const { schema, init, tables, one, two } = project(stem)
    const before = await audited(schema, init)
    const retyped = tables
      .map(
        (name) => `ALTER TABLE ${name} ALTER ${one} TYPE INTEGER USING 1, ALTER ${two} TYPE INTEGER USING 2;`,
      )
      .join('\n')
    const { done } = await followed(project(stem, { type: 'Int' }).schema, {
      ...before,
      '20260103000000_retyped': `${retyped}\n`,
    })
    const database = await apply(done, {
      '20260102': tables.map((name) => `INSERT INTO ${name} VALUES (0, 'a', 'b')`).join(';'),
      '20260104': tables.map((name) => `UPDATE ${name} SET ${one} = 3`).join(';'),
    })
    try {
      const tablesOfHistory = await database.query<{ name: string }>(
        `SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r'`,
      )
      expect(tablesOfHistory).toHaveLength(2)
      for (const { name } of tablesOfHistory) {
        const rows = await database.query<{ row: object }>(
          `SELECT to_jsonb(h) AS row FROM ${name} AS h ORDER BY audit_id`,
        )
        const own = rows.map(({ row }) =>
          Object.entries(row).filter(([column]) => column.length > 2 && !column.startsWith('audit')),
        )
        expect(own.map((columns) => columns.map(([, value]) => value as unknown).toSorted())).toEqual([
          ['a', 'b', null, null],
          [2, 3, null, null],
        ])
        expect(own[1]).toEqual(
          expect.arrayContaining([
            [`${stem}1`, 3],
            [`${stem}2`, 2],
          ]),
        )
        // Cut where it is too long, and still told apart.
        for (const [column] of own[0] ?? []) expect(Buffer.byteLength(column)).toBeLessThanOrEqual(63)
      }
    } finally {
      await database.drop()
    }
  })
})
