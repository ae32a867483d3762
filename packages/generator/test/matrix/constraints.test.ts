import { describe, expect, it } from 'vitest'
import { column } from '../sql/fixture.ts'
import { auditedTables, WAYS } from './audited-table.ts'

const { run, audited } = await auditedTables()
const columns = [column('id', 'integer'), column('note', 'text'), column('parent', 'integer')]

/** What a foreign key does to the children of parent 1, once it is deleted. */
const ON_DELETE = [
  ['CASCADE', ['D (11,1)', 'D (12,1)']],
  ['SET NULL', ['U (11,)', 'U (12,)']],
  ['SET DEFAULT', ['U (11,2)', 'U (12,2)']],
] as const

describe.each(WAYS)('%s', (_, way) => {
  const children = async (rest: string) => {
    const made = await audited(
      { ...way, columns },
      (name) =>
        `CREATE TABLE ${parentOf(name)} (id int PRIMARY KEY); INSERT INTO ${parentOf(name)} VALUES (1), (2);
         CREATE TABLE ${name} (id int PRIMARY KEY, note text, parent int DEFAULT 2 REFERENCES ${parentOf(name)} ${rest})`,
    )
    return { ...made, parent: parentOf(made.name) }
  }

  it.each(ON_DELETE)('records what ON DELETE %s does to each row', async (action, expected) => {
    const { name, parent, history } = await children(`ON DELETE ${action}`)
    await run(
      `INSERT INTO ${name} VALUES (11, 'a', 1), (12, 'b', 1), (13, 'c', 2); DELETE FROM ${parent} WHERE id = 1`,
    )
    expect((await history('id, parent')).slice(3).toSorted()).toEqual(expected)
  })

  it('records what ON UPDATE CASCADE does to each row', async () => {
    const { name, parent, history } = await children('ON UPDATE CASCADE')
    await run(
      `INSERT INTO ${name} VALUES (11, 'a', 1), (12, 'b', 2); UPDATE ${parent} SET id = 3 WHERE id = 1`,
    )
    expect((await history('id, parent')).slice(2)).toEqual(['U (11,3)'])
  })

  it('records a child that is written before its parent, under a deferred key', async () => {
    const { name, parent, history } = await children('DEFERRABLE INITIALLY DEFERRED')
    await run(`BEGIN; INSERT INTO ${name} VALUES (11, 'a', 3); INSERT INTO ${parent} VALUES (3); COMMIT`)
    expect(await history('id, parent')).toEqual(['I (11,3)'])
  })

  it('keeps nothing of a transaction that a deferred key refuses at COMMIT', async () => {
    const { name, history } = await children('DEFERRABLE INITIALLY DEFERRED')
    await expect(run(`BEGIN; INSERT INTO ${name} VALUES (11, 'a', 9); COMMIT`)).rejects.toMatchObject({
      code: '23503',
    })
    expect(await history()).toEqual([])
  })

  it('keeps nothing of a statement that a key refuses half-way', async () => {
    const { name, history } = await audited(way)
    await run(`INSERT INTO ${name} VALUES (3, 'c')`)
    await expect(run(`INSERT INTO ${name} SELECT g, 'x' FROM generate_series(1, 5) g`)).rejects.toMatchObject(
      { code: '23505' },
    )
    expect(await history()).toEqual(['I (3,c)'])
  })

  it('keeps what is outside of a savepoint that is rolled back, at every depth', async () => {
    const { name, history } = await audited(way)
    await run(`BEGIN; INSERT INTO ${name} VALUES (1, 'a'); SAVEPOINT a; UPDATE ${name} SET id = 2; SAVEPOINT b;
      DELETE FROM ${name}; ROLLBACK TO b; UPDATE ${name} SET note = 'b'; RELEASE a; SAVEPOINT c; TRUNCATE ${name};
      ROLLBACK TO c; COMMIT`)
    await run(
      `DO $$ BEGIN INSERT INTO ${name} VALUES (9, 'x'); RAISE 'no'; EXCEPTION WHEN raise_exception THEN NULL; END $$`,
    )
    expect(await history()).toEqual(['I (1,a)', 'D (1,a)', 'U (2,a)', 'U (2,b)'])
  })
})

// A deferrable key is recorded row by row, whatever the model says: compile/deferrable-keys.test.ts.
it.each(WAYS.filter(([, { level }]) => level === 'row'))(
  '%s: two statements that exchange keys under a deferred key leave a history that folds to the table',
  async (_, way) => {
    const { name, auditTable, history } = await audited(
      way,
      (source) => `CREATE TABLE ${source} (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, note text)`,
    )
    await run(`INSERT INTO ${name} VALUES (1, 'a'), (2, 'b')`)
    await run(
      `BEGIN; UPDATE ${name} SET id = 2 WHERE id = 1; UPDATE ${name} SET id = 1 WHERE note = 'b'; COMMIT`,
    )
    expect((await history()).slice(2)).toEqual(['D (1,a)', 'U (2,a)', 'U (1,b)'])
    const fold = `SELECT DISTINCT ON (id) audit_operation AS op, id, note FROM ${auditTable} ORDER BY id, audit_id DESC`
    expect(await run(`SELECT id, note FROM (${fold}) AS last WHERE op <> 'D'`)).toEqual(
      await run(`SELECT id, note FROM ${name} ORDER BY id`),
    )
  },
)

function parentOf(name: string) {
  return name.replace('Item', 'Parent of item')
}
