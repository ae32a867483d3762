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

describe.each(WAYS.filter(([, { level }]) => level === 'row'))('a partitioned table, %s', (_, way) => {
  /** A parent that is not audited, and its audited child in two partitions, one of which has one of its own. */
  const child = async () => {
    const made = await audited({ ...way, columns }, (name) => {
      const [low, high, highest] = partitionsOf(name)
      return `CREATE TABLE ${parentOf(name)} (id int PRIMARY KEY); INSERT INTO ${parentOf(name)} VALUES (1);
        CREATE TABLE ${name} (id int PRIMARY KEY, note text, parent int DEFAULT 1 REFERENCES ${parentOf(name)}) PARTITION BY RANGE (id);
        CREATE TABLE ${low} PARTITION OF ${name} FOR VALUES FROM (0) TO (10);
        CREATE TABLE ${high} PARTITION OF ${name} FOR VALUES FROM (10) TO (100) PARTITION BY RANGE (id);
        CREATE TABLE ${highest} PARTITION OF ${high} FOR VALUES FROM (10) TO (100)`
    })
    await run(`INSERT INTO ${made.name} VALUES (1, 'a'), (20, 'b')`)
    return { ...made, parent: parentOf(made.name), partitions: partitionsOf(made.name) }
  }

  it.each([
    ['TRUNCATE', (made: { name: string }) => `TRUNCATE ${made.name}`],
    ['TRUNCATE CASCADE of a parent', (made: { parent: string }) => `TRUNCATE ${made.parent} CASCADE`],
    [
      'TRUNCATE of it, a partition and its parent',
      ({ name, parent, partitions }: { name: string; parent: string; partitions: readonly string[] }) =>
        `TRUNCATE ${partitions[0]}, ${name}, ${parent}`,
    ],
  ])('%s leaves one D for every row of every partition', async (__, truncate) => {
    const made = await child()
    await run(truncate(made))
    expect((await made.history()).slice(2).toSorted()).toEqual(['D (1,a)', 'D (20,b)'])
    expect(await run(`SELECT FROM ${made.name}`)).toEqual([])
  })

  it.each(['REPEATABLE READ', 'SERIALIZABLE'])(
    'TRUNCATE CASCADE of a parent is refused at %s: nothing is taken and nothing lost',
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

  it('TRUNCATE of one partition leaves nothing, by its own name and by a foreign key of its own: AUD604 says so', async () => {
    const { partitions, history } = await child()
    const [low, high] = partitions
    const other = low.replace('Low', 'Other')
    await run(`TRUNCATE ${high}; CREATE TABLE ${other} (note text PRIMARY KEY); INSERT INTO ${other} VALUES ('a');
      ALTER TABLE ${low} ADD FOREIGN KEY (note) REFERENCES ${other}; TRUNCATE ${other} CASCADE`)
    expect(await run(`SELECT FROM ${low} UNION ALL SELECT FROM ${high}`)).toEqual([])
    expect(await history()).toEqual(['I (1,a)', 'I (20,b)'])
  })
})

function partitionsOf(name: string): readonly [low: string, high: string, highest: string] {
  return [
    name.replace('Item', 'Low item'),
    name.replace('Item', 'High item'),
    name.replace('Item', 'Highest item'),
  ]
}

function parentOf(name: string) {
  return name.replace('Item', 'Parent of item')
}
