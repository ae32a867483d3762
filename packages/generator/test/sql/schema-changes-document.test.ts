import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import { EXAMPLES } from './examples.ts'
import { type LockMode, measureMigration, strongest } from './measured-locks.ts'

/** Each row of the document's table, with the migrations that it speaks of. */
const ROWS: Readonly<Record<string, readonly string[]>> = {
  'a model is audited for the first time': ['create', 'create-row', 'create-waivable'],
  'a column is added': ['add-column'],
  'a column is removed': ['drop-column'],
  'a column is renamed': ['rename-column', 'rename-column-swap', 'rename-key-column'],
  'a column gets a wider type': ['widen-column'],
  'a column gets another type': ['retype-column'],
  'a model is audited for the first time, with a baseline': ['create-backfill'],
  'rows from before the audit get a baseline': ['backfill'],
  'a model is audited for the first time, with partitions': ['create-partitions'],
  'a history is partitioned': ['partitions'],
  'partitions are made no more': ['no-partitions'],
  'a fact is recorded, or no more': ['add-fact'],
  'replicated writes are recorded, or no more': ['enable-always', 'enable-no-more'],
  'a field is hashed, or recorded again': ['hash-column'],
  'a field is redacted, or recorded again': ['redact-column'],
  'a field is hidden from Prisma, or shown again': ['show-column'],
  'a field is recorded only when it changes, or always': ['when-changed'],
  'an enum changes': ['enum-changed', 'enum-to-text', 'column-retyped'],
  'the key changes': ['change-key', 'lose-key'],
  'a table is renamed': ['rename-table', 'rename-table-by-row'],
  'a table moves to another PostgreSQL schema': ['move-table'],
  'a table is dropped and created under another name': ['continue-table'],
  'a table is renamed, and another one is made under its name': ['replace-table', 'partition-table'],
  'a model is deleted': ['retire-dropped-table'],
  'a model is audited no more': ['retire-table', 'retire-replaced-table'],
  'a model is audited again': ['resume-table'],
  'an optional setting is added': ['optional-setting'],
  'a setting becomes required, or is refused where it is missing': [
    'add-setting',
    'setting-required',
    'missing-refuse',
  ],
  'a required setting is removed, becomes optional, or is recorded where it is missing': [
    'remove-setting',
    'setting-optional',
    'missing-record',
  ],
  'a setting gets a default, or TRUNCATE another policy': ['setting-default', 'truncate-refuse'],
  'who may waive capture changes': ['waiver', 'waiver-row', 'waiver-role', 'no-waiver'],
  'level or updates change': ['level-row', 'level-row-changed', 'level-statement', 'updates-changed'],
  "a setting's column gets another name": ['rename-setting-column', 'swap-setting-columns'],
  'audit objects get other names': ['rename-objects', 'rename-objects-at-level-row'],
  'the audit schema gets another name': ['move-audit-schema'],
  'the generator is upgraded': ['upgrade'],
  'two branches are merged': ['branches-met'],
  'the folder is squashed or begun anew': ['adopt'],
}

const text = readFileSync(new URL('../../../../docs/schema-changes.md', import.meta.url), 'utf8')
const rows = new Map(
  [...text.matchAll(/^\| (.+) \|$/gm)]
    .map(([, cells = '']) => cells.split(' | '))
    .filter((cells) => cells.length === 6 && cells[0] !== 'change')
    .map(([title = '', , , table = '', history = '']) => [title, { table, history }]),
)

describe('docs/schema-changes.md', () => {
  it('has a row for each kind of change, and no other', () => {
    expect([...rows.keys()]).toEqual(Object.keys(ROWS))
    // These are several changes at once.
    const composed = /several|exchange|odd|swap-tables|make-in-place|into-dropped|and-/
    const examples = new Set(Object.values(ROWS).flat())
    const missing = [...EXAMPLES.keys()].filter((name) => !examples.has(name) && !composed.test(name))
    expect(missing).toEqual([])
  })

  it.each(Object.entries(ROWS))('%s: it locks what the document says', async (title, names) => {
    const locks = await Promise.all(names.map(async (name) => [name, await measure(name)] as const))
    expect(locks).toEqual(names.map((name) => [name, rows.get(title)]))
  })
})

/** The strongest lock on a source and on a history, as the document writes them. */
async function measure(name: string) {
  const example = EXAMPLES.get(name)
  if (example === undefined) throw new Error(`no example is called ${name}`)
  const { from, steps, before, prisma } = example
  const database = await createDatabase()
  try {
    await database.query(before)
    if (prisma) await database.query(`SELECT set_config('audit.username', 'ann', false); ${prisma}`)
    const migration = renderMigration(planMigration(from, steps), { from })
    const locks = (await measureMigration(database, migration)).flatMap((each) => each.locks)
    const isHistory = (table: string) => /^(audit|trail)\./.test(table)
    return {
      table: cell(locks.filter(({ table }) => !isHistory(table)).map(({ mode }) => mode)),
      history: cell(locks.filter(({ table }) => isHistory(table)).map(({ mode }) => mode)),
    }
  } finally {
    await database.drop()
  }
}

function cell(modes: readonly LockMode[]): string {
  const mode = strongest(modes)
  return mode === undefined ? '–' : `\`${mode}\``
}
