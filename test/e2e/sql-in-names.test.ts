import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  auditedModel,
  compileProject,
  createTable,
  schemaOf,
} from '../../packages/generator/test/compile/compile-project.ts'
import { createDatabase, type TestDatabase } from '../support/test-database.ts'
import { useSetUpProject } from './commands/set-up-project.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/** Ends whatever literal, identifier, comment or body it is written into without quotes. */
const EVIL = `x'"; DROP SCHEMA audit CASCADE; --$audit$\\`
/** Roles belong to the cluster, where other tests run. */
const ROLE = `${EVIL}${randomBytes(3).toString('hex')}`

const isAuditThere = async (database: TestDatabase) => {
  const [row] = await database.query(
    `SELECT count(*)::int AS histories FROM pg_class WHERE relnamespace = to_regnamespace('audit') AND relkind IN ('r', 'p') AND relname LIKE '%\\_audit%'`,
  )
  return (row?.histories ?? 0) > 0
}

describe('an option of the generator', () => {
  const inPrisma = (text: string) => JSON.stringify(text)

  test.each([
    ['captureWaiverRole', ROLE],
    ['function', `${EVIL}{table}{role}`],
    ['settingColumn', `${EVIL}{setting}`],
    ['table', `${EVIL}{table}_audit`],
    ['trigger', `${EVIL}{operation}`],
  ])('%s keeps the text, and runs none of it', async (option, value) => {
    const schema = schemaOf(
      auditedModel('Order', 'note'),
      '["username String"]',
      `${option} = ${inPrisma(value)}`,
    )
    const { migration, text } = await compileProject(
      schema,
      { '20240101000000_init': createTable('Order', 'note') },
      { draft: '20240101000000_init' },
    )
    if (migration === undefined) throw new Error(text)
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    await database.query(migration.file)
    await database.query(
      `BEGIN; SELECT set_config('audit.username', 'ann', true); INSERT INTO "Order" VALUES (1, 'a'); UPDATE "Order" SET note = 'b'; COMMIT`,
    )
    expect(await isAuditThere(database)).toBe(true)
    const [{ names } = { names: '' }] = await database.query<{ names: string }>(
      `SELECT jsonb_agg(name)::text AS names FROM (
         SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'audit'::regnamespace
         UNION ALL SELECT proname || prosrc FROM pg_proc WHERE pronamespace = 'audit'::regnamespace
         UNION ALL SELECT tgname FROM pg_trigger UNION ALL SELECT attname FROM pg_attribute) AS x`,
    )
    const kept = option === 'captureWaiverRole' ? pg.escapeLiteral(ROLE).trim() : EVIL
    expect(names).toContain(JSON.stringify(kept).slice(1, -1))
  })
})

describe('a flag of a command', () => {
  const project = useSetUpProject()
  const run = (...args: readonly string[]) => project().wrapped.audit(args)
  const officer = () => ['--url', project().urlOf('officer')]
  const one = async (sql: string) => (await project().wrapped.database.query<{ is: unknown }>(sql))[0]?.is

  beforeAll(async () => {
    await project().wrapped.database.query(`CREATE ROLE ${pg.escapeIdentifier(ROLE)}`)
  })
  afterAll(async () => {
    const role = pg.escapeIdentifier(ROLE)
    await project().wrapped.database.query(
      `REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`,
    )
  })

  /** What it is given to, and where the text has to stand then; or what is said where it cannot. */
  const FLAGS: readonly {
    readonly args: readonly string[]
    readonly as?: 'officer'
    readonly before?: readonly string[]
    /** What is printed is run. */
    readonly isScript?: true
    readonly kept?: string
    readonly is?: string
    readonly says?: RegExp
  }[] = [
    { args: ['status', '--role', EVIL], says: /There is no role/ },
    { args: ['status', '--role', ROLE], says: /not tamper|installed/ },
    {
      args: ['replicate', 'publisher', '--publication', EVIL],
      isScript: true,
      kept: 'SELECT pubname AS is FROM pg_publication',
    },
    {
      args: ['replicate', 'publisher', '--role', ROLE],
      isScript: true,
      kept: `SELECT grantee AS is FROM information_schema.role_table_grants WHERE table_schema = 'audit' AND grantee LIKE 'x''%' LIMIT 1`,
      is: ROLE,
    },
    { args: ['replicate', 'subscriber', '--publication', EVIL], says: /x'/ },
    {
      args: ['pause', '--reason', EVIL],
      kept: 'SELECT reason AS is FROM audit.pause ORDER BY written DESC LIMIT 1',
    },
    {
      args: ['resume', '--set', `username=${EVIL}`],
      before: [`INSERT INTO "Order" (total) VALUES (1)`],
      kept: 'SELECT audit_username AS is FROM audit."Order_audit" ORDER BY abs(audit_id) DESC LIMIT 1',
    },
    {
      args: ['after-restore', '--reconcile', '--set', `username=${EVIL}`],
      before: ['DROP TRIGGER audit_insert ON "Order"', `INSERT INTO "Order" (total) VALUES (1)`],
      kept: 'SELECT audit_username AS is FROM audit."Order_audit" ORDER BY abs(audit_id) DESC LIMIT 1',
    },
    {
      args: ['after-restore', '--set', `${EVIL}=x`, '--reconcile'],
      says: /there is no such session setting/,
    },
    { args: ['after-restore', '--owner', EVIL], says: /role/ },
    {
      args: ['hold', '--model', 'Plain', '--id', EVIL, '--reason', EVIL],
      kept: 'SELECT reason AS is FROM audit.legal_hold ORDER BY 1 DESC LIMIT 1',
    },
    {
      args: ['hold'],
      kept: `SELECT match->0->>'value' AS is FROM audit.legal_hold WHERE match IS NOT NULL`,
    },
    { args: ['hold', '--model', EVIL, '--reason', 'x'], says: /No model .* is audited/ },
    { args: ['hold', '--release', EVIL, '--reason', 'x'], says: /takes the number of a hold/ },
    { args: ['erase', '--actor', `username=${EVIL}`], as: 'officer', says: /rows?/ },
    { args: ['erase', '--actor', `${EVIL}=x`], as: 'officer', says: /No history has a setting/ },
    {
      args: ['erase', '--model', 'Order', '--id', '1', '--settings', EVIL],
      as: 'officer',
      says: /has no setting/,
    },
    {
      args: ['erase', '--model', 'Order', '--id', '1', '--fields', EVIL],
      as: 'officer',
      says: /has no field/,
    },
    {
      args: ['erase', '--model', 'Order', '--id', EVIL, '--fields', 'total'],
      as: 'officer',
      says: /integer|rows?/,
    },
    {
      args: [
        'erase',
        '--model',
        'Order',
        '--id',
        '1',
        '--fields',
        'total',
        '--reason',
        EVIL,
        '--confirm',
        'PLAN',
      ],
      as: 'officer',
      kept: 'SELECT reason AS is FROM audit.erasure',
    },
    {
      args: ['prune', '--older-than', '13mo', '--reason', EVIL],
      as: 'officer',
      before: [
        `DELETE FROM "Order" WHERE id = 50; ALTER TABLE audit."Order_audit" DISABLE TRIGGER append_only;
         UPDATE audit."Order_audit" SET audit_operation_timestamp = audit_operation_timestamp - interval '16 months' WHERE id = 50;
         ALTER TABLE audit."Order_audit" ENABLE ALWAYS TRIGGER append_only`,
      ],
      kept: 'SELECT reason AS is FROM audit.pruning LIMIT 1',
    },
    { args: ['prune', '--older-than', EVIL, '--reason', 'x'], as: 'officer', says: /takes an age/ },
    {
      args: ['after-restore', '--owner', ROLE],
      kept: `SELECT nspowner::regrole::text AS is FROM pg_namespace WHERE nspname = 'audit'`,
      is: pg.escapeIdentifier(ROLE),
    },
  ]

  test.each(FLAGS)('is text: $args', async ({ args, as, before, isScript, kept, is = EVIL, says }) => {
    const { wrapped, write } = project()
    const { database } = wrapped
    for (const sql of before ?? []) await write(sql)
    const flags = as === undefined ? [] : officer()
    const asked = args.filter((_, at) => !['--confirm', 'PLAN', '--reason'].includes(args[at] ?? ''))
    const plan = args.includes('PLAN')
      ? /--confirm ([0-9a-f]{16})/.exec(
          (await run(...asked.filter((each) => each !== EVIL), ...flags)).stdout,
        )?.[1]
      : undefined
    const { stdout, stderr } = await run(
      ...args.map((each) => (each === 'PLAN' ? (plan ?? '') : each)),
      ...flags,
    )
    expect(stderr).not.toContain('    at ')
    if (isScript) await database.query(stdout)
    if (says !== undefined) expect(stdout + stderr).toMatch(says)
    if (kept !== undefined) expect(await one(kept), stdout + stderr).toBe(is)
    expect(await isAuditThere(database)).toBe(true)
  })
})
