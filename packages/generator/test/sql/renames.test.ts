import { describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { renderBefore } from '../../src/sql/render-before.ts'
import { renderDown } from '../../src/sql/render-down.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { applySteps } from '../../src/state/apply-steps.ts'
import type { DatabaseState } from '../../src/state/database-state.ts'
import { EMPTY_STATE } from '../../src/state/database-state.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import type { MigrationStep } from '../../src/state/migration-step.ts'
import { RENAMES, type RenameCase } from './rename-cases.ts'

const plan = ({ from, steps }: RenameCase) => planMigration(from, steps)
const up = (each: RenameCase) => renderMigration(plan(each), { from: each.from })
const down = (each: RenameCase) => renderDown(plan(each), { from: each.from })
const appended = (each: RenameCase) => renderMigration(plan(each), { from: each.from, appended: true })

/** What `from` is installed by: retired tables are installed and then retired. */
function installation(to: DatabaseState): string {
  const steps: MigrationStep[] = [
    { kind: 'createSchema', name: to.schema?.name ?? '', sqlVersion: 1 },
    ...to.tables.map((table) => ({
      kind: 'createAuditTable' as const,
      source: table.source,
      table: { ...table, capturing: true },
    })),
  ]
  const retiring = to.tables
    .filter(({ capturing }) => !capturing)
    .map(({ source }) => ({ kind: 'retireTable' as const, source }))
  const made = renderMigration(planMigration(EMPTY_STATE, steps), { from: EMPTY_STATE })
  const state = applySteps(EMPTY_STATE, steps)
  return [made, renderMigration(planMigration(state, retiring), { from: state })]
    .filter(Boolean)
    .join('COMMIT;')
}

/** All that the catalog says of the audit's objects, by name. */
async function catalog(database: TestDatabase) {
  const ours = `n.nspname IN ('audit', 'trail')`
  const [row] = await database.query(`SELECT
    (SELECT array_agg(pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '-') ORDER BY p.oid::regprocedure::text) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE ${ours}) AS functions,
    (SELECT array_agg(pg_get_triggerdef(t.oid) || tgenabled::text ORDER BY pg_get_triggerdef(t.oid)) FROM pg_trigger t WHERE NOT tgisinternal) AS triggers,
    (SELECT array_agg(concat_ws(' ', n.nspname, c.relname, c.relkind, c.relacl, CASE relkind WHEN 'i' THEN pg_get_indexdef(c.oid) END) ORDER BY n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE ${ours}) AS relations,
    (SELECT array_agg(concat_ws(' ', c.relname, conname, pg_get_constraintdef(k.oid)) ORDER BY c.relname, conname) FROM pg_constraint k JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${ours} AND contype IN ('c', 'p')) AS constraints,
    (SELECT array_agg(concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum), obj_description(c.oid, 'pg_class')) ORDER BY c.relname, a.attname) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${ours} AND relkind = 'r' AND attnum > 0) AS columns,
    (SELECT array_agg(n.nspname || coalesce(regexp_replace(obj_description(n.oid, 'pg_namespace'), ', replayed at [0-9.]+$', ''), '-') ORDER BY 1) FROM pg_namespace n WHERE ${ours}) AS schemas`)
  return row
}

/** Every audit table by OID: its file, and its rows without the names of their columns. */
async function histories(database: TestDatabase) {
  const tables = await database.query<{ oid: number; name: string; file: number }>(
    `SELECT c.oid::int, c.oid::regclass::text AS name, pg_relation_filenode(c.oid)::int AS file FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE n.nspname IN ('audit', 'trail') AND relkind = 'r' ORDER BY 1`,
  )
  const all = new Map<number, { file: number; rows: string[] }>()
  for (const { oid, name, file } of tables) {
    const rows = await database.query<{ row: string }>(
      `SELECT h::text AS row FROM ${name} h ORDER BY audit_id`,
    )
    all.set(oid, { file, rows: rows.map(({ row }) => row) })
  }
  return all
}

let next = 0
const CONTEXT = `SELECT set_config('audit.username', 'u', true), set_config('audit.reason', 'r', true), set_config('audit.app_uuid', '6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b', true)`
function transaction(writes: readonly string[]): string {
  next += 1
  return `BEGIN; ${CONTEXT}; ${writes.map((write) => write.replace('$n', String(next))).join('; ')}; COMMIT`
}

async function count(database: TestDatabase): Promise<number> {
  return [...(await histories(database)).values()].reduce((sum, { rows }) => sum + rows.length, 0)
}

async function installed(each: RenameCase, run: (database: TestDatabase) => Promise<void>) {
  const database = await createDatabase()
  try {
    await database.query(each.sources)
    await database.query(installation(each.from))
    await database.query(transaction(each.writes[0]))
    await run(database)
  } finally {
    await database.drop()
  }
}

const prismas = (each: RenameCase) =>
  `${renderBefore(plan(each), { from: each.from })} ${each.prisma ?? 'SELECT 1'};`

describe('each rename', () => {
  it.each(RENAMES)('$name: the SQL is the golden one, up and down', async (each) => {
    await expect(up(each)).toMatchFileSnapshot(`../golden/sql/${each.name}.sql`)
    await expect(down(each)).toMatchFileSnapshot(`../golden/sql/${each.name}.down.sql`)
    expect(up(structuredClone(each))).toBe(up(each))
  })

  it.each(RENAMES)(
    '$name: stopped after any of its sections and run again, and run twice, it leaves what running it once leaves',
    async (each) => {
      const sections = up(each).split(/^COMMIT;$/m)
      let once: unknown
      for (let stop = sections.length; stop > 0; stop -= 1) {
        await installed(each, async (database) => {
          await database.query(prismas(each))
          await database.query(sections.slice(0, stop).join('COMMIT;'))
          once ??= await catalog(database)
          await database.query(up(each))
          expect(await catalog(database)).toEqual(once)
        })
      }
    },
    120_000,
  )

  it.each(RENAMES)(
    '$name: history goes on in the same tables, which are neither rewritten nor read',
    async (each) => {
      await installed(each, async (database) => {
        const before = await histories(database)
        await database.query(prismas(each))
        await database.query(up(each))
        await database.query(transaction(each.writes[1]))
        const after = await histories(database)
        for (const [oid, { file, rows }] of before) {
          expect(after.get(oid)?.file).toBe(file)
          const kept = after
            .get(oid)
            ?.rows.slice(0, rows.length)
            .map((row) => row.slice(0, rows[0]?.length))
          expect(kept?.length).toBe(rows.length)
        }
        const total = (all: typeof before) =>
          [...all.values()].reduce((sum, { rows }) => sum + rows.length, 0)
        expect(total(after)).toBe(total(before) + each.writes[1].length)
      })
    },
  )

  it.each(RENAMES)('$name: writes go on, on connections that were open before', async (each) => {
    await installed(each, async (database) => {
      const client = await database.pool({ max: 1 }).connect()
      try {
        await client.query(transaction(each.writes[0]))
        await database.query(`${prismas(each)} ${appended(each)}`)
        await client.query(transaction(each.writes[1]))
      } finally {
        client.release()
      }
      expect(await count(database)).toBe(2 * each.writes[0].length + each.writes[1].length)
    })
  })

  it.each(RENAMES)(
    '$name: down restores everything exactly, twice run too, keeps the rows, and up works again',
    async (each) => {
      await installed(each, async (database) => {
        const before = await catalog(database)
        await database.query(prismas(each))
        await database.query(up(each))
        const after = await catalog(database)
        await database.query(transaction(each.writes[1]))
        await database.query(down(each))
        const downOnce = await catalog(database)
        await database.query(down(each))
        expect(await catalog(database)).toEqual(downOnce)
        if (each.undo) await database.query(each.undo)
        if (isMadeAnew(each)) await database.query(down(each))
        expect(plainly(await catalog(database))).toEqual(plainly(before))
        await database.query(transaction(each.writes[0]))
        await database.query(prismas(each))
        await database.query(up(each))
        expect(plainly(await catalog(database))).toEqual(plainly(after))
        await database.query(transaction(each.writes[1]))
        expect(await count(database)).toBe(2 * (each.writes[0].length + each.writes[1].length))
      })
    },
    60_000,
  )

  it.each(RENAMES.filter(({ exchanges }) => !exchanges))(
    '$name: down restores everything where the sources have their old names already',
    async (each) => {
      await installed(each, async (database) => {
        const before = await catalog(database)
        await database.query(prismas(each))
        await database.query(up(each))
        if (each.undo) await database.query(`${undoing(each)} ${each.undo}`)
        await database.query(down(each))
        expect(plainly(await catalog(database))).toEqual(plainly(before))
        await database.query(transaction(each.writes[0]))
      })
    },
  )

  it.each(RENAMES.filter(({ name }) => name.startsWith('continue-table')))(
    '$name: down takes the triggers off the table that is still there',
    async (each) => {
      await installed(each, async (database) => {
        await database.query(prismas(each))
        await database.query(up(each))
        await database.query(down(each))
        expect(await database.query('SELECT tgname FROM pg_trigger WHERE NOT tgisinternal')).toEqual([
          { tgname: 'append_only' },
        ])
      })
    },
  )

  it.each(RENAMES)('$name: the objects are called as a new installation calls them', async (each) => {
    await installed(each, async (database) => {
      await database.query(prismas(each))
      await database.query(up(each))
      const stepwise = plainly(await catalog(database))
      const fresh = await createDatabase()
      try {
        await fresh.query(each.sources + prismas(each).replaceAll(/DROP TRIGGER[^;]*;/g, ''))
        await fresh.query(installation(applySteps(each.from, each.steps)))
        expect(withoutNewIndex(each, stepwise)).toEqual(withoutNewIndex(each, plainly(await catalog(fresh))))
      } finally {
        await fresh.drop()
      }
    })
  })
})

/** PostgreSQL lets go no column that the key's trigger names. */
const undoing = ({ from, steps }: RenameCase) =>
  steps.some(({ kind }) => kind === 'changeKey')
    ? `DROP TRIGGER audit_key ON ${sourceOf(applySteps(from, steps))};`
    : ''
const sourceOf = ({ tables: [first] }: DatabaseState) => `"${first?.source.schema}"."${first?.source.name}"`

const isMadeAnew = ({ steps }: RenameCase) => steps.some(({ kind }) => kind === 'resumeTable')

/** Without what only a table's former life shows: columns that were retired, checks that old rows need not pass. */
function plainly(found: Record<string, unknown> | undefined) {
  const text = (value: unknown) => (Array.isArray(value) ? value.map(String) : [])
  return {
    ...found,
    columns: text(found?.columns)
      .filter((line) => !/ Retired: kept|__undone_/.test(line))
      // A wider column stays wide: it holds the narrower values.
      .map((line) => line.replace('character varying(20)', 'text')),
    constraints: text(found?.constraints)
      .filter((line) => !/__undone_/.test(line))
      .map((line) => line.replace(' NOT VALID', '')),
    relations: text(found?.relations).filter((line) => !/__undone_/.test(line)),
    triggers: text(found?.triggers).filter((line) => !/__undone_/.test(line)),
  }
}

/** The index on a new key is built by hand. */
function withoutNewIndex({ steps }: RenameCase, found: ReturnType<typeof plainly>) {
  if (!steps.some(({ kind }) => kind === 'changeKey')) return found
  return { ...found, relations: found.relations.filter((line) => !line.includes('_key i ')) }
}
