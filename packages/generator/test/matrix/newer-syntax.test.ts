import { describe, expect, it } from 'vitest'
import { serverMajor } from '../../../../test/support/test-database.ts'
import type { AuditedColumn } from '../../src/model/audit-model.ts'
import { column } from '../sql/fixture.ts'
import { auditedTables, WAYS } from './audited-table.ts'

const { run, audited } = await auditedTables()
/** Visible in the report: a test that is skipped says the version that it needs. */
const from = (major: number) => it.skipIf(serverMajor() < major)
const sorted = (rows: readonly string[]) => rows.toSorted()

describe.each(WAYS)('%s', (_, way) => {
  from(17)('17: MERGE … WHEN NOT MATCHED BY SOURCE and RETURNING merge_action()', async () => {
    const { name, history } = await audited(way)
    await run(`INSERT INTO ${name} VALUES (1, 'a'), (2, 'b'), (3, 'c')`)
    const returned = await run(
      `MERGE INTO ${name} AS t USING (VALUES (1, 'm'), (4, 'n')) AS s (id, note) ON t.id = s.id
       WHEN MATCHED THEN UPDATE SET note = s.note
       WHEN NOT MATCHED BY TARGET THEN INSERT VALUES (s.id, s.note)
       WHEN NOT MATCHED BY SOURCE AND t.id = 2 THEN DELETE
       WHEN NOT MATCHED BY SOURCE THEN UPDATE SET note = 'left'
       RETURNING merge_action() AS action, t.id`,
    )
    expect(sorted(returned.map(({ action, id }) => `${action} ${id}`))).toEqual([
      'DELETE 2',
      'INSERT 4',
      'UPDATE 1',
      'UPDATE 3',
    ])
    expect(sorted((await history()).slice(3))).toEqual(['D (2,b)', 'I (4,n)', 'U (1,m)', 'U (3,left)'])
  })

  from(18)('18: RETURNING old and new, of each operation', async () => {
    const { name, history } = await audited(way)
    expect(
      await run(`INSERT INTO ${name} VALUES (1, 'a') RETURNING old.note AS old, new.note AS new`),
    ).toEqual([{ old: null, new: 'a' }])
    expect(
      await run(
        `INSERT INTO ${name} VALUES (1, 'b') ON CONFLICT (id) DO UPDATE SET note = excluded.note RETURNING old.note AS old, new.note AS new`,
      ),
    ).toEqual([{ old: 'a', new: 'b' }])
    // What the row was, in the same statement that moves it.
    await run(
      `WITH was AS (UPDATE ${name} SET id = 2, note = 'c' RETURNING old.*) INSERT INTO ${name} SELECT * FROM was`,
    )
    expect(
      await run(`DELETE FROM ${name} RETURNING WITH (OLD AS o, NEW AS n) o.id, n.id AS gone`),
    ).toHaveLength(2)
    const rows = await history()
    expect(rows.slice(0, 2)).toEqual(['I (1,a)', 'U (1,b)'])
    expect(sorted(rows.slice(2, 5))).toEqual(['D (1,b)', 'I (1,b)', 'U (2,c)'])
    expect(sorted(rows.slice(5))).toEqual(['D (1,b)', 'D (2,c)'])
  })

  from(18)('18: a key WITHOUT OVERLAPS, and a foreign key over its PERIOD', async () => {
    await run('CREATE EXTENSION IF NOT EXISTS btree_gist')
    const during: AuditedColumn = { ...column('during', 'text'), asText: true }
    const columns = [column('id', 'integer'), during, column('note', 'text')]
    const { name, history } = await audited(
      { ...way, columns, key: ['id', 'during'] },
      (source) =>
        `CREATE TABLE ${source} (id int, during daterange, note text, PRIMARY KEY (id, during WITHOUT OVERLAPS))`,
    )
    await run(
      `INSERT INTO ${name} VALUES (1, '[2026-01-01,2026-02-01)', 'a'), (1, '[2026-02-01,2026-03-01)', 'b')`,
    )
    await expect(run(`INSERT INTO ${name} VALUES (1, '[2026-01-15,2026-01-20)', 'x')`)).rejects.toMatchObject(
      {
        code: '23P01',
      },
    )
    await run(`UPDATE ${name} SET during = '[2026-01-01,2026-01-20)' WHERE note = 'a'`)
    await run(`UPDATE ${name} SET note = 'c' WHERE note = 'b'`)
    const child = `"booking ${name.replaceAll('"', '')}"`
    await run(`CREATE TABLE ${child} (id int, span daterange, FOREIGN KEY (id, PERIOD span) REFERENCES ${name} (id, PERIOD during));
      INSERT INTO ${child} VALUES (1, '[2026-02-05,2026-02-07)')`)
    await expect(run(`DELETE FROM ${name} WHERE note = 'c'`)).rejects.toMatchObject({ code: '23503' })
    await run(`DELETE FROM ${name} WHERE note = 'a'`)
    expect(await history('id, during, note')).toEqual([
      'I (1,"[2026-01-01,2026-02-01)",a)',
      'I (1,"[2026-02-01,2026-03-01)",b)',
      'D (1,"[2026-01-01,2026-02-01)",a)',
      'U (1,"[2026-01-01,2026-01-20)",a)',
      'U (1,"[2026-02-01,2026-03-01)",c)',
      'D (1,"[2026-01-01,2026-01-20)",a)',
    ])
  })
})
