import { expect, test } from 'vitest'
import { createTable } from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

/** Both tables name their functions alike; so only one of them may be audited at a time. */
const NAMES = 'function: "capture_{role}"'
const model = (name: string, isAudited: boolean) =>
  `/// @audit(${isAudited ? `enabled, ${NAMES}` : 'disabled'})\nmodel ${name} {\n  id Int @id\n  note String?\n}\n\n`
const schema = (one: 'A' | 'B') => schemaWith(model('A', one === 'A') + model('B', one === 'B'))
const tables = createTable('A', 'note') + createTable('B', 'note')

const triggers = `SELECT string_agg(tgrelid::regclass || ' ' || tgname, ', ' ORDER BY tgname) AS all
  FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN ('"A"'::regclass, '"B"'::regclass)`
const all = (table: string) => ({
  all: ['delete', 'insert', 'key', 'truncate', 'update'].map((name) => `"${table}" audit_${name}`).join(', '),
})

test.each([
  ['A', 'B'],
  ['B', 'A'],
] as const)(
  'the functions of %s go before those of %s get their names, whether its history is new or goes on, and back by down.sql',
  async (first, second) => {
    const begun = await followed(schema(second), await audited(schema(first), tables), '20260103000000')
    expect(steps(begun.project).toSorted()).toEqual([`createAuditTable ${second}`, `retireTable ${first}`])
    const back = await followed(schema(first), begun.done, '20260104000000')
    expect(steps(back.project).toSorted()).toEqual([`resumeTable ${first}`, `retireTable ${second}`])
    const database = await apply(back.done, {
      '20260102': `INSERT INTO "${first}" VALUES (1, 'first')`,
      '20260103': `INSERT INTO "${second}" VALUES (2, 'second')`,
      '20260104': `INSERT INTO "${first}" VALUES (3, 'again'); INSERT INTO "${second}" VALUES (4, 'not audited')`,
    })
    expect(await database.query(triggers)).toEqual([all(first)])

    await database.query(back.project.migration?.downSql ?? '')
    expect(await database.query(triggers)).toEqual([all(second)])
    await database.query(`INSERT INTO "${second}" VALUES (5, 'after down.sql')`)
    await database.query(back.project.migration?.sql ?? '')
    expect(await database.query(triggers)).toEqual([all(first)])

    expect(await history(database, `audit."${first}_audit"`, 'id')).toEqual([
      { op: 'I', id: 1 },
      { op: 'I', id: 3 },
    ])
    expect(await history(database, `audit."${second}_audit"`, 'id')).toEqual([
      { op: 'I', id: 2 },
      { op: 'I', id: 5 },
    ])
    await database.drop()
  },
)
