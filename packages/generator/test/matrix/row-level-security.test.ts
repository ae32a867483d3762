import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { column, facts } from '../sql/fixture.ts'
import { auditedTables, WAYS } from './audited-table.ts'

const { database, run, audited } = await auditedTables()
const clerk = `clerk ${database.name}`
const owner = `owner ${database.name}`

beforeAll(() =>
  run(`CREATE ROLE "${clerk}"; CREATE ROLE "${owner}"; GRANT ALL ON SCHEMA public TO "${owner}"`),
)
afterAll(() =>
  run(
    `REASSIGN OWNED BY "${owner}" TO CURRENT_USER; DROP OWNED BY "${clerk}", "${owner}"; DROP ROLE "${clerk}", "${owner}"`,
  ),
)

const asClerk = async (sql: string) => {
  const client = await database.pool({ max: 1 }).connect()
  try {
    return await client.query(`BEGIN; SET LOCAL ROLE "${clerk}"; ${sql}; COMMIT`)
  } finally {
    client.release(true)
  }
}

/** The history and its functions are the owner's, who is no superuser and on whom its policies are forced. */
const giveToOwner = async (auditTable: string, captureFunction: string) => {
  await run(`GRANT USAGE ON SCHEMA audit TO "${owner}"; ALTER TABLE ${auditTable} OWNER TO "${owner}";
    ALTER TABLE ${auditTable} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`)
  const functions = await run(
    `SELECT oid::regprocedure::text AS name FROM pg_proc WHERE starts_with(proname, '${captureFunction}')`,
  )
  expect(functions).not.toEqual([])
  for (const each of functions) await run(`ALTER FUNCTION ${each.name} OWNER TO "${owner}"`)
}

describe.each(WAYS)('%s', (_, way) => {
  /** The clerk sees and writes the rows with its note only. */
  const limited = async () => {
    const made = await audited(way)
    await run(`INSERT INTO ${made.name} VALUES (1, 'theirs'); ALTER TABLE ${made.name} ENABLE ROW LEVEL SECURITY;
      CREATE POLICY mine ON ${made.name} TO "${clerk}" USING (note LIKE 'mine%');
      GRANT SELECT, INSERT, UPDATE, DELETE ON ${made.name} TO "${clerk}"`)
    return made
  }

  it('records what a policy of the source lets through, and nothing of the rows that it hides', async () => {
    const { name, history } = await limited()
    await asClerk(`INSERT INTO ${name} VALUES (2, 'mine'); UPDATE ${name} SET note = note || '!'; UPDATE ${name} SET id = 3;
      DELETE FROM ${name}`)
    expect((await history()).slice(1)).toEqual([
      'I (2,mine)',
      'U (2,mine!)',
      'D (2,mine!)',
      'U (3,mine!)',
      'D (3,mine!)',
    ])
  })

  it('records nothing of a row that a policy refuses', async () => {
    const { name, history } = await limited()
    await expect(asClerk(`INSERT INTO ${name} VALUES (2, 'mine'), (3, 'other')`)).rejects.toMatchObject({
      code: '42501',
    })
    expect(await history()).toEqual(['I (1,theirs)'])
  })

  it('fails no write where row level security is on for the history, and shows a reader what its policy says', async () => {
    const { name, auditTable, history } = await limited()
    await run(`ALTER TABLE ${auditTable} ENABLE ROW LEVEL SECURITY; GRANT USAGE ON SCHEMA audit TO "${clerk}";
      GRANT SELECT ON ${auditTable} TO "${clerk}"; CREATE POLICY own ON ${auditTable} FOR SELECT TO "${clerk}"
      USING (audit_current_user = current_user)`)
    await asClerk(`INSERT INTO ${name} VALUES (2, 'mine')`)
    expect(await history()).toEqual(['I (1,theirs)', 'I (2,mine)'])
    await run(`CREATE TABLE IF NOT EXISTS seen (id int); TRUNCATE seen; GRANT INSERT ON seen TO "${clerk}"`)
    await asClerk(`INSERT INTO seen SELECT id FROM ${auditTable}`)
    expect(await run('SELECT id FROM seen')).toEqual([{ id: 2 }])
  })

  it('refuses a write rather than lose its history, where row level security is forced on an owner without a policy', async () => {
    const { name, auditTable, history, wanted } = await limited()
    await giveToOwner(auditTable, wanted.names.captureFunction)
    await expect(asClerk(`INSERT INTO ${name} VALUES (2, 'mine')`)).rejects.toMatchObject({ code: '42501' })
    expect(await run(`SELECT id FROM ${name}`)).toEqual([{ id: 1 }])
    expect(await history()).toEqual(['I (1,theirs)'])
  })
})

const plain = (name: string) =>
  `CREATE TABLE ${name} (id int PRIMARY KEY, note text, parent int DEFAULT 1 REFERENCES ${parentOf(name)})`
const partitioned = (name: string) =>
  `${plain(name)} PARTITION BY RANGE (id); CREATE TABLE ${lowOf(name)} PARTITION OF ${name} FOR VALUES FROM (0) TO (10);
   CREATE TABLE ${lowOf(name).replace('Low', 'High')} PARTITION OF ${name} FOR VALUES FROM (10) TO (20)`
const TRUNCATED = [
  ...WAYS.map(([label, way]) => [label, way, plain] as const),
  ...WAYS.filter(([, { level }]) => level === 'row').map(
    ([label, way]) => [`a partitioned table, ${label}`, way, partitioned] as const,
  ),
]

describe.each(TRUNCATED)('TRUNCATE, %s', (_, way, create) => {
  const TRUNCATES = [
    ['TRUNCATE', (name: string) => `TRUNCATE ${name}`],
    ['TRUNCATE CASCADE of a parent', (name: string) => `TRUNCATE ${parentOf(name)} CASCADE`],
  ] as const

  /** Two rows below a parent that is not audited; a policy hides the second one from the table's owner, too. */
  const forced = async () => {
    const columns = [column('id', 'integer'), column('note', 'text')]
    const made = await audited(
      { ...way, columns },
      (name) =>
        `CREATE TABLE ${parentOf(name)} (id int PRIMARY KEY); INSERT INTO ${parentOf(name)} VALUES (1); ${create(name)}`,
    )
    const { name } = made
    await run(`INSERT INTO ${name} VALUES (1, 'mine'), (11, 'theirs');
      ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY mine ON ${name} USING (note LIKE 'mine%');
      ALTER TABLE ${name} OWNER TO "${owner}"; ALTER TABLE ${parentOf(name)} OWNER TO "${owner}";
      GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO "${owner}"`)
    return made
  }
  const asOwner = (sql: string) => `BEGIN; SET LOCAL ROLE "${owner}"; ${sql}; COMMIT`

  it.each(TRUNCATES)(
    '%s by an owner whom a policy hides rows from leaves a D for those too',
    async (__, truncate) => {
      const { name, history } = await forced()
      await run(asOwner(truncate(name)))
      expect((await history()).slice(2).toSorted()).toEqual(['D (1,mine)', 'D (11,theirs)'])
    },
  )

  it.each(TRUNCATES)(
    '%s is refused where the policy holds for whoever records, and nothing is taken',
    async (__, truncate) => {
      const { name, auditTable, history, wanted } = await forced()
      await run(`GRANT USAGE ON SCHEMA audit TO "${owner}"; GRANT INSERT, SELECT ON ${auditTable} TO "${owner}";
      ALTER FUNCTION audit."${wanted.names.truncateFunction}"() OWNER TO "${owner}"`)
      for (const sql of [asOwner(truncate(name)), truncate(name)]) {
        await expect(run(sql)).rejects.toMatchObject({
          code: '42501',
          message: expect.stringMatching(/row-level security/),
        })
        await run('ROLLBACK')
      }
      expect(await history()).toEqual(['I (1,mine)', 'I (11,theirs)'])
      expect(await run(`SELECT count(*)::int AS n FROM ${name}`)).toEqual([{ n: 2 }])
    },
  )
})

it('TRUNCATE of a partitioned table records the rows of a partition whose own policy hides them from whoever records', async () => {
  const columns = [column('id', 'integer'), column('note', 'text')]
  const { name, auditTable, history, wanted } = await audited(
    { level: 'row', columns },
    (source) => `CREATE TABLE ${parentOf(source)} (id int PRIMARY KEY); ${partitioned(source)}`,
  )
  const low = lowOf(name)
  await run(`INSERT INTO ${parentOf(name)} VALUES (1); INSERT INTO ${name} VALUES (1, 'a'), (11, 'b');
    ALTER TABLE ${low} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY none ON ${low} USING (false);
    ALTER TABLE ${name} OWNER TO "${owner}"; ALTER TABLE ${low} OWNER TO "${owner}";
    GRANT USAGE ON SCHEMA audit TO "${owner}"; GRANT INSERT, SELECT ON ${auditTable} TO "${owner}";
    ALTER FUNCTION audit."${wanted.names.truncateFunction}"() OWNER TO "${owner}"; TRUNCATE ${name}`)
  expect((await history()).slice(2).toSorted()).toEqual(['D (1,a)', 'D (11,b)'])
})

it('level row: a policy that is forced on the owner lets no key look dead that another row has', async () => {
  const { name, auditTable, history, wanted } = await audited(
    { level: 'row' },
    (source) => `CREATE TABLE ${source} (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, note text)`,
  )
  await run(`INSERT INTO ${name} VALUES (1, 'a'), (2, 'a');
    GRANT USAGE ON SCHEMA audit TO "${owner}"; GRANT INSERT, SELECT ON ${auditTable} TO "${owner}";
    ALTER TABLE ${name} OWNER TO "${owner}"; ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY none ON ${name} TO "${owner}" USING (false);
    ALTER FUNCTION audit."${wanted.names.keyFunction}"() OWNER TO "${owner}"`)
  await expect(run(`UPDATE ${name} SET id = 3 - id`)).rejects.toMatchObject({ code: '42501' })
  expect(await history()).toEqual(['I (1,a)', 'I (2,a)'])
  // Nothing is read where no other row can have the key, so nothing is refused.
  await run(`ALTER TABLE ${name} DROP CONSTRAINT ${name.replace(/"$/, '_pkey"')}, ADD PRIMARY KEY (id);
    UPDATE ${name} SET id = 3 WHERE id = 1`)
  expect((await history()).slice(2)).toEqual(['D (1,a)', 'U (3,a)'])
})

it('whenChanged: what a policy hides of the history is no reason to call a value unchanged, and fails no write', async () => {
  const columns = [column('id', 'integer'), { ...column('note', 'text'), whenChanged: true as const }]
  const { name, auditTable, history, wanted } = await audited({
    level: 'row',
    columns,
    settings: facts('unchanged_columns'),
  })
  await giveToOwner(auditTable, wanted.names.captureFunction)
  await run(`CREATE POLICY own ON ${auditTable} TO "${owner}" USING (note = current_setting('audit.tenant', true)) WITH CHECK (true);
    INSERT INTO ${name} VALUES (1, 'x')`)
  // The newest row that this writer's policy shows is no longer the newest one.
  await run(`BEGIN; SELECT set_config('audit.tenant', 'x', true); UPDATE ${name} SET note = 'y'; UPDATE ${name} SET note = 'x';
    UPDATE ${name} SET note = 'x'; COMMIT`)
  expect(await history()).toEqual(['I (1,x)', 'U (1,y)', 'U (1,x)', 'U (1,x)'])
  await run(`ALTER TABLE ${auditTable} NO FORCE ROW LEVEL SECURITY; UPDATE ${name} SET note = 'x'`)
  expect((await history()).at(-1)).toBe('U (1,)')
})

function parentOf(name: string) {
  return name.replace('Item', 'Parent of item')
}

function lowOf(name: string) {
  return name.replace('Item', 'Low item')
}
