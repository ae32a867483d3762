import { describe, expect, it } from 'vitest'
import { serverMajor, useTestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { column, createSource, install, setting, table, type } from './fixture.ts'

const database = await useTestDatabase()
const run = (sql: string) => database.query(sql)

/** A table of its own for each test, audited by row. `source` is run in place of the CREATE TABLE of the columns. */
let count = 0
async function audited(wishes: Partial<AuditedTable> = {}, source?: (name: string) => string) {
  count += 1
  const name = `Item ${count}`
  const wanted = table(name, { level: 'row', ...wishes })
  await run(source?.(`"${name}"`) ?? createSource(wanted))
  await run(install(wanted))
  return { name: `"${name}"`, history: () => history(name), wanted }
}

async function history(name: string, columns = 'id, note') {
  const rows = await database.query<{ row: string }>(
    `SELECT audit_operation || ' ' || ROW(${columns})::text AS row FROM audit."${name}_audit" ORDER BY audit_id`,
  )
  return rows.map(({ row }) => row)
}

describe('level row', () => {
  it('records I and U with the new row and D with the old one', async () => {
    const { name, history } = await audited()
    await run(`INSERT INTO ${name} VALUES (1, 'a'); UPDATE ${name} SET note = 'b'; DELETE FROM ${name}`)
    expect(await history()).toEqual(['I (1,a)', 'U (1,b)', 'D (1,b)'])
  })

  it('records what COPY, an upsert and a TRUNCATE do, each row in its order', async () => {
    const { name, history } = await audited()
    await run(`COPY ${name} FROM PROGRAM 'printf "1\\ta\\n2\\tb\\n"'`)
    await run(
      `INSERT INTO ${name} VALUES (1, 'x'), (3, 'c') ON CONFLICT (id) DO UPDATE SET note = EXCLUDED.note`,
    )
    expect(await history()).toEqual(['I (1,a)', 'I (2,b)', 'U (1,x)', 'I (3,c)'])
    await run(`TRUNCATE ${name}`)
    expect((await history()).slice(4).toSorted()).toEqual(['D (1,x)', 'D (2,b)', 'D (3,c)'])
  })

  it.skipIf(serverMajor() < 15)('records what a MERGE does, each row in its order', async () => {
    const { name, history } = await audited()
    await run(`INSERT INTO ${name} VALUES (1, 'a'), (2, 'b')`)
    await run(
      `MERGE INTO ${name} t USING (VALUES (1, NULL), (2, 'm'), (4, 'n')) s (id, note) ON t.id = s.id
       WHEN MATCHED AND s.note IS NULL THEN DELETE
       WHEN MATCHED THEN UPDATE SET note = s.note
       WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.note)`,
    )
    expect(await history()).toEqual(['I (1,a)', 'I (2,b)', 'D (1,a)', 'U (2,m)', 'I (4,n)'])
  })

  it('records nothing for a statement that touches no row, and asks for no setting', async () => {
    const { name, history } = await audited({ settings: [setting('username String'), setting('age Int')] })
    await run(`UPDATE ${name} SET note = 'x'; DELETE FROM ${name}; TRUNCATE ${name}`)
    expect(await history()).toEqual([])
  })

  it('refuses a write without a required setting, and records settings of every type', async () => {
    const { name } = await audited({
      settings: [setting('username String'), setting('trace Uuid?'), setting('age Int', '7')],
    })
    await expect(run(`INSERT INTO ${name} VALUES (1, 'a')`)).rejects.toMatchObject({ code: 'AU001' })
    const trace = '6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b'
    await run(`BEGIN; SELECT audit.set_context('{"username": "ann", "trace": "${trace}"}');
      INSERT INTO ${name} VALUES (1, 'a'); COMMIT`)
    const table_ = name.replaceAll('"', '')
    expect(await history(table_, 'audit_username, audit_trace, audit_age')).toEqual([`I (ann,${trace},7)`])
  })

  it('a writer without any right on the history writes it under its own name', async () => {
    const { name } = await audited()
    await run(`CREATE ROLE level_row_writer; GRANT ALL ON ${name} TO level_row_writer;
      BEGIN; SET LOCAL ROLE level_row_writer; INSERT INTO ${name} VALUES (1, 'a'); COMMIT`)
    const rows = await history(name.replaceAll('"', ''), 'audit_current_user')
    await run(`DROP OWNED BY level_row_writer; DROP ROLE level_row_writer`)
    expect(rows).toEqual(['I (level_row_writer)'])
  })

  it('records nothing of what is rolled back to a savepoint', async () => {
    const { name, history } = await audited()
    await run(`BEGIN; INSERT INTO ${name} VALUES (1, 'a'); SAVEPOINT s; UPDATE ${name} SET note = 'b';
      ROLLBACK TO s; COMMIT`)
    expect(await history()).toEqual(['I (1,a)'])
  })
})

describe('one statement that writes a row twice is recorded in its order', () => {
  it('a child that one DELETE first sets NULL and then takes', async () => {
    const message = table('Message', { level: 'row', columns: ['id', 'sender', 'reader'].map(int) })
    await run(`CREATE TABLE "Person" (id int PRIMARY KEY);
      CREATE TABLE "Message" (id int PRIMARY KEY, sender int REFERENCES "Person" ON DELETE CASCADE,
        reader int REFERENCES "Person" ON DELETE SET NULL); ${install(message)}`)
    await run(`INSERT INTO "Person" VALUES (1), (2); INSERT INTO "Message" VALUES (1, 2, 1), (2, 1, 2);
      DELETE FROM "Person"`)
    const rows = await history('Message', 'id, reader')
    // Message 1: its reader goes first, then its sender. Message 2: its sender goes first.
    expect(rows.filter((row) => row.includes('(1,'))).toEqual(['I (1,1)', 'U (1,)', 'D (1,)'])
    expect(rows.filter((row) => row.includes('(2,'))).toEqual(['I (2,2)', 'D (2,2)'])
  })

  it('an AFTER ROW trigger of the application that writes the row again', async () => {
    const { name, history } = await audited()
    await run(`CREATE FUNCTION touch_${count}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE ${name} SET note = NEW.note || '!' WHERE id = NEW.id; RETURN NULL; END $$;
      CREATE TRIGGER touch AFTER INSERT OR UPDATE ON ${name} FOR EACH ROW WHEN (NEW.note NOT LIKE '%!')
        EXECUTE FUNCTION touch_${count}()`)
    await run(`INSERT INTO ${name} VALUES (1, 'a'); UPDATE ${name} SET note = 'b'`)
    expect(await history()).toEqual(['I (1,a)', 'U (1,a!)', 'U (1,b)', 'U (1,b!)'])
  })

  it('the same where its trigger sorts before ours, with a name template that sorts first', async () => {
    const first = { insertTrigger: '0_insert', updateTrigger: '0_update', deleteTrigger: '0_delete' }
    const wanted = table('Sorted', { level: 'row' })
    await run(createSource(wanted))
    await run(install({ ...wanted, names: { ...wanted.names, ...first, keyTrigger: '0_key' } }))
    await run(`CREATE FUNCTION touch_sorted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE "Sorted" SET note = 'later' WHERE id = NEW.id; RETURN NULL; END $$;
      CREATE TRIGGER "Aaa" AFTER INSERT ON "Sorted" FOR EACH ROW EXECUTE FUNCTION touch_sorted()`)
    await run(`INSERT INTO "Sorted" VALUES (1, 'a')`)
    expect(await history('Sorted')).toEqual(['I (1,a)', 'U (1,later)'])
  })

  it('rows that a CTE deletes, returns and puts back', async () => {
    const { name, history } = await audited()
    await run(`INSERT INTO ${name} VALUES (1, 'a'), (2, 'b')`)
    // The new row has to have another unique key for PostgreSQL to take it: the old one is still seen.
    await run(`ALTER TABLE ${name} DROP CONSTRAINT "${name.replaceAll('"', '')}_pkey"`)
    await run(`WITH gone AS (DELETE FROM ${name} RETURNING *)
      INSERT INTO ${name} SELECT id, note || '2' FROM gone LIMIT 1`)
    expect(await history()).toEqual(['I (1,a)', 'I (2,b)', 'D (1,a)', 'I (1,a2)', 'D (2,b)'])
  })
})

describe('keys at level row', () => {
  it('a changed key ends the history of the old one first', async () => {
    const { name, history } = await audited()
    await run(`INSERT INTO ${name} VALUES (1, 'a'); UPDATE ${name} SET id = 2`)
    expect(await history()).toEqual(['I (1,a)', 'D (1,a)', 'U (2,a)'])
  })

  it('keys that change places under a deferrable constraint stay alive, all of them', async () => {
    const { name, history } = await audited(
      {},
      (source) => `CREATE TABLE ${source} (id int PRIMARY KEY DEFERRABLE, note text)`,
    )
    await run(`INSERT INTO ${name} VALUES (1, 'a'), (2, 'b'), (3, 'c'); UPDATE ${name} SET id = 4 - id`)
    await run(`UPDATE ${name} SET id = id + 1`)
    const last = new Map((await history()).map((row) => [row.slice(3, 4), row]))
    expect([...last.values()].toSorted()).toEqual(['D (1,c)', 'U (2,c)', 'U (3,b)', 'U (4,a)'])
  })

  it('a text key that changes to one that its collation calls equal ends its old history', async () => {
    await run(
      `CREATE COLLATION "any case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
    )
    const { name } = await audited(
      { columns: [column('id', 'text')] },
      (source) =>
        `CREATE TABLE ${source} (id text COLLATE "any case" PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)`,
    )
    await run(`INSERT INTO ${name} VALUES ('a'); UPDATE ${name} SET id = 'A'`)
    expect(await history(name.replaceAll('"', ''), 'id')).toEqual(['I (a)', 'D (a)', 'U (A)'])
  })
})

describe('updates: changed', () => {
  const changed = { level: 'row', updates: 'changed' } as const

  it('leaves no row for an update that changes nothing', async () => {
    const { name, history } = await audited(changed)
    await run(`INSERT INTO ${name} VALUES (1, 'a'), (2, NULL);
      UPDATE ${name} SET note = note; UPDATE ${name} SET note = 'b' WHERE id = 2; UPDATE ${name} SET id = id`)
    expect(await history()).toEqual(['I (1,a)', 'I (2,)', 'U (2,b)'])
  })

  it('asks for no setting where nothing is recorded', async () => {
    const { name, history } = await audited({ ...changed, settings: [setting('username String')] })
    await run(
      `BEGIN; SELECT audit.set_context('{"username": "u"}'); INSERT INTO ${name} VALUES (1, 'a'); COMMIT`,
    )
    await run(`UPDATE ${name} SET note = note`)
    expect(await history()).toEqual(['I (1,a)'])
  })

  it('compares the recorded columns only', async () => {
    const { name, history } = await audited(
      { ...changed, settings: [setting('username String')] },
      (source) => `CREATE TABLE ${source} (id int PRIMARY KEY, note text, search text)`,
    )
    await run(
      `BEGIN; SELECT audit.set_context('{"username": "u"}'); INSERT INTO ${name} VALUES (1, 'a', 'x'); COMMIT`,
    )
    await run(`UPDATE ${name} SET search = 'y'`)
    await expect(run(`UPDATE ${name} SET note = 'b'`)).rejects.toMatchObject({ code: 'AU001' })
    expect(await history()).toEqual(['I (1,a)'])
  })

  it('records every difference of bytes, of every type, those included that PostgreSQL calls equal or cannot compare', async () => {
    const columns = [
      column('id', 'integer'),
      column('json', 'json'),
      column('xml', 'xml'),
      column('numeric', 'numeric'),
      column('float', 'double precision'),
      column('list', type('json', [], true)),
      column('long', 'text'),
    ]
    const { name } = await audited({ ...changed, columns })
    await run(`INSERT INTO ${name} VALUES (1, '{"a":1}', '<a/>', 1.0, 0, '{null}', repeat('long', 100000))`)
    const updates = [
      `json = '{"a": 1}'`,
      `xml = '<a></a>'`,
      'numeric = 1.00',
      `float = '-0'`,
      `list = '{}'`,
      `long = long || 'x'`,
    ]
    for (const update of updates)
      await run(`UPDATE ${name} SET ${update}; UPDATE ${name} SET ${update.replace(" || 'x'", '')}`)
    expect(await history(name.replaceAll('"', ''), 'id')).toEqual(['I (1)', ...updates.map(() => 'U (1)')])
  })

  it('a changed key is a change', async () => {
    const { name, history } = await audited(changed)
    await run(`INSERT INTO ${name} VALUES (1, 'a'); UPDATE ${name} SET id = 2`)
    expect(await history()).toEqual(['I (1,a)', 'D (1,a)', 'U (2,a)'])
  })

  it('does not stand in the way of a column that is dropped, retyped, renamed or added', async () => {
    const { name, history } = await audited(
      changed,
      (source) => `CREATE TABLE ${source} (id int PRIMARY KEY, note text, total int, old int)`,
    )
    await run(`INSERT INTO ${name} VALUES (1, 'a', 1, 1)`)
    await run(`ALTER TABLE ${name} DROP COLUMN old; ALTER TABLE ${name} ALTER total TYPE bigint;
      ALTER TABLE ${name} RENAME total TO sum; ALTER TABLE ${name} ADD extra text DEFAULT 'x'`)
    await run(`UPDATE ${name} SET extra = 'y'; UPDATE ${name} SET note = 'b'`)
    expect(await history()).toEqual(['I (1,a)', 'U (1,b)'])
  })

  it('generated columns, the virtual ones of PostgreSQL 18 included, are no obstacle', async () => {
    const kind = serverMajor() >= 18 ? 'VIRTUAL' : 'STORED'
    const { name, history } = await audited(
      changed,
      (source) =>
        `CREATE TABLE ${source} (id int PRIMARY KEY, note text, double int GENERATED ALWAYS AS (id * 2) ${kind})`,
    )
    await run(`INSERT INTO ${name} (id, note) VALUES (1, 'a'); UPDATE ${name} SET note = note;
      UPDATE ${name} SET note = 'b'`)
    expect(await history()).toEqual(['I (1,a)', 'U (1,b)'])
  })
})

function int(name: string) {
  return column(name, 'integer')
}

it('level statement keeps the order where the parents go at different levels, of which nothing is said', async () => {
  const comment = table('Comment', { columns: ['id', 'author', 'post'].map(int) })
  await run(`CREATE TABLE "Author" (id int PRIMARY KEY);
    CREATE TABLE "Post" (id int PRIMARY KEY, author int REFERENCES "Author" ON DELETE CASCADE);
    CREATE TABLE "Comment" (id int PRIMARY KEY, author int REFERENCES "Author" ON DELETE SET NULL,
      post int REFERENCES "Post" ON DELETE CASCADE); ${install(comment)}`)
  await run(`INSERT INTO "Author" VALUES (1), (2), (3); INSERT INTO "Post" VALUES (1, 1), (2, 2), (3, 3);
    INSERT INTO "Comment" SELECT a * 10 + p, a, p FROM generate_series(1, 3) a, generate_series(1, 3) p`)
  await run('DELETE FROM "Author" WHERE id < 3')
  const rows = await history('Comment', 'id')
  const last = new Map(rows.map((row) => [row.slice(2), row.slice(0, 1)]))
  expect([...last.values()].toSorted().join('')).toBe('DDDDDDIUU')
  expect([...last].filter(([, operation]) => operation !== 'D').map(([key]) => key)).toEqual([
    '(13)',
    '(23)',
    '(33)',
  ])
})
