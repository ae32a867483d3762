import { describe, expect, it } from 'vitest'
import { column } from '../sql/fixture.ts'
import { auditedTables, WAYS } from './audited-table.ts'

const { run, audited } = await auditedTables()
const columns = [column('id', 'integer'), column('note', 'text')]

describe.each(WAYS)('%s', (_, way) => {
  /** A parent that is not audited, and its audited child with two rows. */
  const child = async () => {
    const made = await audited(
      { ...way, columns },
      (
        name,
      ) => `CREATE TABLE ${parentOf(name)} (id int PRIMARY KEY); INSERT INTO ${parentOf(name)} VALUES (1);
        CREATE TABLE ${name} (id int PRIMARY KEY, note text, parent int DEFAULT 1 REFERENCES ${parentOf(name)})`,
    )
    await run(`INSERT INTO ${made.name} VALUES (1, 'a'), (2, 'b')`)
    return { ...made, parent: parentOf(made.name) }
  }

  it('TRUNCATE CASCADE of another table leaves a D for every row that it takes along', async () => {
    const { parent, history } = await child()
    await run(`TRUNCATE ${parent} CASCADE`)
    expect((await history()).slice(2).toSorted()).toEqual(['D (1,a)', 'D (2,b)'])
  })

  it.each(['REPEATABLE READ', 'SERIALIZABLE'])(
    'TRUNCATE CASCADE of another table is refused at %s: nothing is taken and nothing lost',
    async (isolation) => {
      const { name, parent, history } = await child()
      await expect(
        run(`BEGIN ISOLATION LEVEL ${isolation}; TRUNCATE ${parent} CASCADE; COMMIT`),
      ).rejects.toMatchObject({ code: 'AU003' })
      await run('ROLLBACK')
      expect(await run(`SELECT count(*)::int AS n FROM ${name}`)).toEqual([{ n: 2 }])
      expect(await history()).toHaveLength(2)
    },
  )

  it('TRUNCATE of several tables, RESTART IDENTITY, leaves a D for the rows of each', async () => {
    const [one, two] = [await child(), await child()]
    await run(`TRUNCATE ${one.name}, ${two.name} RESTART IDENTITY`)
    for (const { history } of [one, two]) {
      expect((await history()).slice(2).toSorted()).toEqual(['D (1,a)', 'D (2,b)'])
    }
  })

  it('TRUNCATE by a role that may, and has no right on the history, is recorded under its name', async () => {
    const { name, parent, auditTable } = await child()
    const role = `truncates ${name.slice(1, -1)} ${process.pid}`
    await run(`CREATE ROLE "${role}"; GRANT TRUNCATE ON ${name}, ${parent} TO "${role}"`)
    try {
      await run(`BEGIN; SET LOCAL ROLE "${role}"; TRUNCATE ${parent} CASCADE; COMMIT`)
      expect(
        await run(`SELECT id, audit_current_user FROM ${auditTable} WHERE audit_operation = 'D' ORDER BY id`),
      ).toEqual([1, 2].map((id) => ({ id, audit_current_user: role })))
    } finally {
      await run(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
    }
  })
})

function parentOf(name: string) {
  return name.replace('Item', 'Parent of item')
}
