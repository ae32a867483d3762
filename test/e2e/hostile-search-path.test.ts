import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { FORGOTTEN } from '../../packages/generator/test/sql/old-partitions.ts'
import { useSetUpProject } from './commands/set-up-project.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

/**
 * In `public` whatever PostgreSQL itself has, as far as it can be made: functions, aggregates and operators that end whatever calls them, and
 * operators for types that PostgreSQL compares by those of another type, which win without any search_path.
 */
const PLANTED = `SET search_path = pg_catalog;
DO $planted$
DECLARE
  one record;
  made integer := 0;
  body CONSTANT text := 'BEGIN RAISE ''hijacked: %%L, by %%'', session_user; END';
BEGIN
  CREATE FUNCTION public.planted_state(anyelement) RETURNS anyelement LANGUAGE plpgsql AS 'BEGIN RAISE ''hijacked: an aggregate''; END';
  FOR one IN
    SELECT p.oid, p.proname, p.prokind, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
    FROM pg_proc AS p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
  LOOP
    BEGIN
      EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', one.proname, one.arguments, one.result,
        format('BEGIN RAISE EXCEPTION %L; END', 'hijacked: function ' || replace(one.oid::regprocedure::text, '%', '%%')));
      made := made + 1;
    -- Of types that only PostgreSQL's own functions may take.
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  FOR one IN
    SELECT o.oprname, format_type(o.oprleft, NULL) AS l, format_type(o.oprright, NULL) AS r, format_type(o.oprresult, NULL) AS result, o.oprleft = 0 AS is_prefix
    FROM pg_operator AS o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprright <> 0
    UNION ALL
    SELECT name, l, r, 'boolean', false
    FROM unnest(ARRAY['=', '<>', '<', '>', '<=', '>=']) AS name,
      unnest(ARRAY['varchar', 'regclass', 'oid', 'name', 'text', 'bpchar', 'regtype', 'regnamespace', 'regrole', 'regprocedure', 'integer', 'bigint']) AS l,
      unnest(ARRAY['varchar', 'regclass', 'oid', 'name', 'text', 'bpchar', 'regtype', 'regnamespace', 'regrole', 'regprocedure', 'integer', 'bigint']) AS r
  LOOP
    BEGIN
      EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', 'planted_' || made,
        concat_ws(', ', CASE WHEN NOT one.is_prefix THEN one.l END, one.r), one.result,
        format('BEGIN RAISE EXCEPTION %L; END', replace(format('hijacked: operator %s (%s, %s)', one.oprname, one.l, one.r), '%', '%%')));
      EXECUTE format('CREATE OPERATOR public.%s (%s RIGHTARG = %s, FUNCTION = public.%I)', one.oprname,
        CASE WHEN NOT one.is_prefix THEN format('LEFTARG = %s,', one.l) ELSE '' END, one.r, 'planted_' || made);
      made := made + 1;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  FOR one IN
    SELECT DISTINCT p.proname, pg_get_function_arguments(p.oid) AS arguments FROM pg_proc AS p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'a'
  LOOP
    BEGIN
      EXECUTE format('CREATE FUNCTION public.%I(text%s) RETURNS text LANGUAGE plpgsql AS %L', 'planted_' || made,
        CASE one.arguments WHEN '' THEN '' ELSE ', ' || one.arguments END, format('BEGIN RAISE EXCEPTION %L; END', 'hijacked: aggregate ' || one.proname));
      EXECUTE format('CREATE AGGREGATE public.%I(%s) (SFUNC = public.%I, STYPE = text)', one.proname,
        CASE one.arguments WHEN '' THEN '*' ELSE one.arguments END, 'planted_' || made);
      made := made + 1;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
  CREATE TABLE public.planted AS SELECT made AS number;
END $planted$`

const project = useSetUpProject()

beforeAll(async () => {
  await project().wrapped.database.query(PLANTED)
})

test('the hostile objects are there, and are called by whoever does not say what is meant', async () => {
  const pool = project().wrapped.database.pool({ max: 1 })
  const [row] = (await pool.query('SELECT number FROM public.planted')).rows
  expect(row?.number).toBeGreaterThan(3000)
  for (const statement of [
    `SELECT 1 = 1`,
    `SELECT 'a'::varchar = 'b'::varchar`,
    `SELECT lower('A')`,
    `SELECT count(*) FROM pg_class`,
    `SELECT to_jsonb(1)`,
    `SELECT 1 IS DISTINCT FROM 2`,
    `SELECT max(1)`,
  ])
    await expect(pool.query(statement), statement).rejects.toThrow('hijacked: ')
})

const own = (sql: string) => project().wrapped.database.query(`SET search_path = pg_catalog; ${sql}`)
const write = (sql: string) => own(`BEGIN; SELECT set_config('audit.username', 'ann', true); ${sql}; COMMIT`)
const HISTORY = 'audit."Order_audit"'

/** One after the other, with what there is for it to do. */
const RUNS: readonly (readonly [args: string, given?: string | undefined, as?: 'officer'])[] = [
  ['status'],
  ['seal --wait 60', 'WRITE'],
  ['verify'],
  ['verify --live'],
  [
    'install',
    'DROP TRIGGER audit_insert ON public."Order"; DROP FUNCTION audit."Plain_audit_capture" CASCADE',
  ],
  ['pause --reason x'],
  ['resume --set username=ops', 'WRITE'],
  ['backfill'],
  ['partition', FORGOTTEN],
  ['hold --model Order --id 2 --reason x'],
  ['hold --release HELD --reason x'],
  ['prune --older-than 13mo --reason x --dry-run', undefined, 'officer'],
  ['prune --older-than 13mo --reason x', undefined, 'officer'],
  ['erase --model Order --id 1 --fields total', undefined, 'officer'],
  ['erase --model Order --id 1 --fields total --reason x --confirm PLAN', undefined, 'officer'],
  ['uninstall'],
  ['install'],
  [
    'after-restore --reconcile --set username=ops',
    'DROP TRIGGER audit_insert ON public."Order"; INSERT INTO public."Order" (total) VALUES (3)',
  ],
  ['seal --wait 60'],
  ['verify'],
  ['status'],
]

test('no command calls a function or an operator that somebody planted, whatever search_path the database has', async () => {
  const { wrapped, urlOf } = project()
  // Something old, so that a pruning goes all the way.
  await write(
    `INSERT INTO public."Order" (total) SELECT g FROM generate_series(1, 9) g; DELETE FROM public."Order" WHERE id > 50`,
  )
  await own(`ALTER TABLE ${HISTORY} DISABLE TRIGGER append_only;
    UPDATE ${HISTORY} SET audit_operation_timestamp = audit_operation_timestamp - interval '16 months' WHERE id > 50;
    ALTER TABLE ${HISTORY} ENABLE ALWAYS TRIGGER append_only`)
  let [plan, held] = ['', '']
  const ended: string[] = []
  for (const [args, given, as] of RUNS) {
    if (given !== undefined)
      await (given === 'WRITE' ? write(`UPDATE public."Order" SET total = total + 1`) : own(given))
    const flags = as === undefined ? [] : ['--url', urlOf(as)]
    const { exitCode, stdout, stderr } = await wrapped.audit([
      ...args.replace('PLAN', plan).replace('HELD', held).split(' '),
      ...flags,
    ])
    plan = /--confirm ([0-9a-f]{16})/.exec(stdout)?.[1] ?? plan
    held = /hold (\d+): audit/.exec(stdout)?.[1] ?? held
    if (exitCode !== 0 || (stdout + stderr).includes('hijacked'))
      ended.push(`${args}: ${exitCode} ${stdout}${stderr}`)
  }
  expect(ended).toEqual([])
})

test('nor does a script that is printed, or what the roles that it makes call', async () => {
  const { wrapped, roles } = project()
  const pool = wrapped.database.pool({ max: 1 })
  for (const args of [
    ['eraser', '--role', roles.eraser, '--by', roles.officer],
    ['pruner', '--role', roles.pruner, '--by', roles.officer, '--at-least', '1y'],
    ['reader', '--role', roles.nobody],
    ['replicate', 'publisher'],
    ['install', '--print'],
    ['uninstall', '--print'],
    ['install', '--print'],
  ]) {
    const { exitCode, stdout } = await wrapped.audit(args)
    expect([args, exitCode]).toEqual([args, 0])
    await expect(pool.query(stdout), args.join(' ')).resolves.toBeDefined()
  }
})

test('nor does the script of the roles that own, serve and read', async () => {
  const { wrapped } = project()
  const role = (name: string) => `${wrapped.database.name}_${name}`
  const [owner, application, reader] = [role('owner'), role('app'), role('reader')]
  onTestFinished(async () => {
    for (const each of [owner, application, reader])
      await own(`REASSIGN OWNED BY "${each}" TO CURRENT_USER; DROP OWNED BY "${each}"; DROP ROLE "${each}"`)
  })
  const names = ['--owner', owner, '--application', application, '--reader', reader]
  const { exitCode, stdout } = await wrapped.audit(['roles', ...names])
  expect(exitCode).toBe(0)
  await expect(wrapped.database.pool({ max: 1 }).query(stdout)).resolves.toBeDefined()
})
