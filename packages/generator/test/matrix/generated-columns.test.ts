import { describe, expect, it } from 'vitest'
import { serverMajor } from '../../../../test/support/test-database.ts'
import { column } from '../sql/fixture.ts'
import { auditedTables, WAYS } from './audited-table.ts'

const { run, audited } = await auditedTables()
const columns = [column('id', 'integer'), column('note', 'text'), column('twice', 'integer')]

describe.each(WAYS)('%s', (_, way) => {
  it('records what a stored generated column, a default and an identity put in', async () => {
    const { name, history } = await audited(
      { ...way, columns },
      (
        source,
      ) => `CREATE TABLE ${source} (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, note text DEFAULT 'default',
        twice int GENERATED ALWAYS AS (id * 2) STORED)`,
    )
    await run(`INSERT INTO ${name} DEFAULT VALUES; UPDATE ${name} SET note = 'b'; DELETE FROM ${name}`)
    expect(await history('id, note, twice')).toEqual(['I (1,default,2)', 'U (1,b,2)', 'D (1,b,2)'])
  })

  it('records a stored generated column that changes with another', async () => {
    const { name, history } = await audited(
      { ...way, columns },
      (source) =>
        `CREATE TABLE ${source} (id int PRIMARY KEY, note text, twice int GENERATED ALWAYS AS (length(note)) STORED)`,
    )
    await run(`INSERT INTO ${name} VALUES (1, 'a'); UPDATE ${name} SET note = 'four'; TRUNCATE ${name}`)
    expect(await history('id, twice')).toEqual(['I (1,1)', 'U (1,4)', 'D (1,4)'])
  })

  it.skipIf(serverMajor() < 18)('a virtual generated column, not recorded, is no obstacle', async () => {
    const { name, history } = await audited(
      way,
      (source) =>
        `CREATE TABLE ${source} (id int PRIMARY KEY, note text, twice int GENERATED ALWAYS AS (length(note)) VIRTUAL)`,
    )
    await run(`INSERT INTO ${name} (id, note) VALUES (1, 'a'); UPDATE ${name} SET note = 'four'; UPDATE ${name} SET id = 2;
      TRUNCATE ${name}`)
    expect(await history()).toEqual(['I (1,a)', 'U (1,four)', 'D (1,four)', 'U (2,four)', 'D (2,four)'])
  })
})
