import { expect, it, onTestFinished } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { roleSetup } from '../../src/role-setup.ts'
import { renderEraserSetup } from '../../src/sql/eraser-setup.ts'
import { renderRoleSetup } from '../../src/sql/role-setup.ts'
import type { AuditHome } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { callErase, erase } from './erasing.ts'
import { column, createSource, model, setting, table, up } from './fixture.ts'
import { connected, findingsOf, seal, verify } from './sealing.ts'

const user = table('User', {
  columns: [column('id', 'integer'), column('email', 'text')],
  settings: [setting('username String?')],
})

/** A database whose owner is no superuser and may create roles, with the history of three people in it. */
async function hosted(home: AuditHome = { schema: 'audit' }) {
  const database = await createDatabase()
  const id = database.name.slice(-12)
  const host = `host ${id}`
  const roles = { eraser: `Eraser's "own" \\ %I ${id}`, by: `officer $audit$ -- ${id}` }
  onTestFinished(() => database.drop())
  onTestFinished(async () => {
    for (const role of [roles.by, roles.eraser, host]) {
      const there = await database.query('SELECT FROM pg_roles WHERE rolname = $1', [role])
      if (there.length === 0) continue
      const name = quoted(role)
      await database.query(
        `REASSIGN OWNED BY ${name} TO CURRENT_USER; DROP OWNED BY ${name} CASCADE; DROP ROLE ${name}`,
      )
    }
  })
  await database.query(`CREATE ROLE ${quoted(host)} LOGIN CREATEROLE; ALTER DATABASE "${database.name}" OWNER TO ${quoted(host)};
    GRANT CREATE, USAGE ON SCHEMA public TO ${quoted(host)}`)
  const as = async (role: string, ...statements: readonly string[]) => {
    const client = await database.pool({ max: 1 }).connect()
    try {
      await client.query(`SET SESSION AUTHORIZATION ${quoted(role)}`)
      for (const statement of statements) await client.query(statement)
    } finally {
      client.release(true)
    }
  }
  const state = desiredState({
    ...model(user),
    auditSchema: home.schema,
    ...(home.shared ? { sharedSchema: true as const } : {}),
  })
  await as(
    host,
    createSource(user),
    up(state),
    `INSERT INTO "User" SELECT g, 'mail' || g FROM generate_series(1, 3) g`,
  )
  return { database, host, as, roles, script: renderEraserSetup({ ...roles, home }) }
}
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

const catalog = `SELECT string_agg(line, E'\\n' ORDER BY line) AS text FROM (
  SELECT concat_ws(' ', oid::regclass, relowner::regrole, relacl) FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_|information'
  UNION ALL SELECT concat_ws(' ', attrelid::regclass, attname, attacl) FROM pg_attribute WHERE attacl IS NOT NULL
  UNION ALL SELECT concat_ws(' ', oid::regprocedure, proowner::regrole, proacl) FROM pg_proc WHERE pronamespace::regnamespace::text !~ '^pg_|information'
  UNION ALL SELECT concat_ws(' ', nspname, nspowner::regrole, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_'
  UNION ALL SELECT concat_ws(' ', 'member', roleid::regrole, member::regrole) FROM pg_auth_members WHERE roleid::regrole::text ~ $1
) AS all_of (line)`

it.each([
  ['a schema of its own', { schema: 'audit' }, 'audit."User_audit"'],
  ["the application's schema", { schema: 'public', shared: true }, 'public."User_audit"'],
  ['a schema with an odd name', { schema: `Au'dit %I "q"` }, `"Au'dit %I ""q"""."User_audit"`],
] as const)(
  'an owner who is no superuser sets erasure up, twice without a difference, with the audit in %s',
  async (_, home, history) => {
    const { database, host, as, roles, script } = await hosted(home)
    await as(host, script)
    const id = database.name.slice(-12)
    const [before] = await database.query(catalog, [id])
    await as(host, script)
    expect(await database.query(catalog, [id])).toEqual([before])
    await expect(as(host, `SET ROLE ${quoted(roles.eraser)}`)).rejects.toMatchObject({ code: '42501' })
    const client = await connected(database)
    // The tables of seals are made after the set-up, and let it in.
    await seal(client, {}, home)
    const name = home.schema === 'public' ? 'public.audit_erase' : `${quoted(home.schema)}.erase`
    const targets = [
      { history, match: [{ columns: ['id'], value: '2' }], columns: ['email', 'audit_username'] },
    ]
    expect(await erase(client, roles.by, targets, 'x', name)).toMatchObject({
      rows: 1,
      targets: [{ sealed: 1 }],
    })
    expect(await database.query(`SELECT id, email FROM ${history} ORDER BY id`)).toEqual([
      { id: 1, email: 'mail1' },
      { id: 2, email: null },
      { id: 3, email: 'mail3' },
    ])
    expect(await findingsOf(verify(client, {}, home))).toEqual([])
  },
)

it('a role that is somebody, may do more, or owns something else is refused, and nothing is changed', async () => {
  const { database, roles, script } = await hosted()
  const role = quoted(roles.eraser)
  const refused: readonly (readonly [string, string, RegExp])[] = [
    [`CREATE ROLE ${role} LOGIN`, `ALTER ROLE ${role} NOLOGIN`, /can log in/],
    [`ALTER ROLE ${role} CREATEROLE`, `ALTER ROLE ${role} NOCREATEROLE`, /has more rights/],
    [
      `GRANT ${role} TO ${quoted(`host ${database.name.slice(-12)}`)}`,
      `REVOKE ${role} FROM ${quoted(`host ${database.name.slice(-12)}`)}`,
      /can become/,
    ],
    [
      `GRANT pg_read_all_data TO ${role}`,
      `REVOKE pg_read_all_data FROM ${role}`,
      /is a member of pg_read_all_data/,
    ],
    [
      `CREATE TABLE public.other (x int); ALTER TABLE public.other OWNER TO ${role}`,
      'DROP TABLE public.other',
      /owns table .*other/,
    ],
  ]
  for (const [make, undo, message] of refused) {
    await database.query(make)
    await expect(database.query(script)).rejects.toMatchObject({ message: expect.stringMatching(message) })
    await database.query(`ROLLBACK; ${undo}`)
    expect(
      await database.query(
        `SELECT to_regclass('audit.erasure') AS made, to_regprocedure('audit.erase(jsonb,text,text)') AS function`,
      ),
    ).toEqual([{ made: null, function: null }])
  }
  await database.query(script)
})

it('a function of that name that is somebody else’s is not taken, and lets nobody through', async () => {
  const { database, host, as, script } = await hosted()
  await as(
    host,
    `CREATE FUNCTION audit.erase(request jsonb, reason text, confirmed text) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
     AS $$ BEGIN UPDATE audit."User_audit" SET email = NULL; RETURN NULL; END $$`,
  )
  await expect(as(host, `SELECT audit.erase('[]', 'x', 'x')`)).rejects.toMatchObject({ code: 'AU002' })
  await expect(database.query(script)).rejects.toMatchObject({ code: '42723' })
})

it('without the audit, or without the rights, the script says so and changes nothing', async () => {
  const { database, as, roles, script } = await hosted()
  const stranger = `${database.name}_stranger`
  await database.query(`CREATE ROLE "${stranger}" CREATEROLE`)
  onTestFinished(async () => void (await database.query(`DROP ROLE "${stranger}"`)))
  await expect(as(stranger, script)).rejects.toMatchObject({
    code: '42501',
    message: expect.stringContaining('is no member of that role'),
  })
  const empty = await createDatabase()
  onTestFinished(() => empty.drop())
  await expect(empty.query(script)).rejects.toMatchObject({
    message: expect.stringContaining('has no audit in schema audit'),
  })
  expect(
    await database.query('SELECT FROM pg_roles WHERE rolname = ANY ($1)', [Object.values(roles)]),
  ).toEqual([])
})

it('a history that came after the set-up is refused until it is run again, also one with row level security', async () => {
  const { database, host, as, roles, script } = await hosted()
  await as(host, script)
  const client = await connected(database)
  const targets = [
    { history: 'audit."User_audit"', match: [{ columns: ['id'], value: '2' }], columns: ['email', 'more'] },
  ]
  await as(host, `ALTER TABLE audit."User_audit" ADD COLUMN more text`)
  await expect(callErase(client, roles.by, targets)).rejects.toMatchObject({
    hint: expect.stringContaining('run it again'),
  })
  await as(host, script, `ALTER TABLE audit."User_audit" ENABLE ROW LEVEL SECURITY`)
  await expect(callErase(client, roles.by, targets)).rejects.toMatchObject({
    hint: expect.stringContaining('run it again'),
  })
  await as(host, script)
  expect(await callErase(client, roles.by, targets)).toMatchObject({ rows: 1 })
  await as(host, `CREATE POLICY hide ON audit."User_audit" AS RESTRICTIVE USING (id <> 2)`)
  await expect(callErase(client, roles.by, targets)).rejects.toMatchObject({ code: 'AU006' })
})

it.each([
  ['another schema of its own', { schema: 'trail' }, 'trail.legal_hold', 'trail.erase'],
  [
    "the application's schema",
    { schema: 'public', shared: true },
    'public.audit_legal_hold',
    'public.audit_erase',
  ],
] as const)(
  'where a migration gives the audit %s, holds and records follow with the set-up, and nothing is erased before',
  async (_, home, holds, name) => {
    const { database, host, as, roles, script } = await hosted()
    await as(host, script)
    const client = await connected(database)
    const target = (schema: string) => [
      { history: `${schema}."User_audit"`, match: [{ columns: ['id'], value: '1' }], columns: ['email'] },
    ]
    await erase(client, roles.by, target('audit'))
    await as(
      host,
      `INSERT INTO audit.legal_hold (kind, made_by, history, match, reason)
     VALUES ('H', 'x', 'audit."User_audit"', '[{"columns": ["id"], "value": "2"}]', 'case')`,
    )
    await seal(client)
    const moved = {
      ...model(user),
      auditSchema: home.schema,
      ...('shared' in home ? { sharedSchema: true as const } : {}),
    }
    await as(host, up(desiredState(moved), desiredState(model(user))))
    const held = [
      {
        history: `${home.schema}."User_audit"`,
        match: [{ columns: ['id'], value: '2' }],
        columns: ['email'],
      },
    ]
    await expect(callErase(client, roles.by, held)).rejects.toMatchObject({ code: '42P01' })
    await as(host, renderEraserSetup({ ...roles, home }))
    await expect(callErase(client, roles.by, held, null, null, name)).rejects.toMatchObject({ code: 'AU005' })
    await expect(as(host, `DELETE FROM ${holds}`)).rejects.toMatchObject({ code: 'AU002' })
    await seal(client, {}, home)
    expect(await findingsOf(verify(client, {}, home))).toEqual([])
    await as(host, `INSERT INTO ${holds} (kind, made_by, released, reason) VALUES ('R', 'x', 1, 'over')`)
    // The tables of seals have come here since, with their rights.
    expect(await erase(client, roles.by, held, 'x', name)).toMatchObject({
      rows: 1,
      number: 2,
      targets: [{ sealed: 1 }],
    })
    expect(await findingsOf(verify(client, {}, home))).toEqual([])
  },
)

it('holds of another application in the same database stay where they are', async () => {
  const { database, host, as, roles, script } = await hosted()
  await as(host, script)
  const other = { schema: 'second' }
  const second = `second ${database.name}`
  onTestFinished(
    async () => void (await database.query(`DROP OWNED BY "${second}" CASCADE; DROP ROLE "${second}"`)),
  )
  const item = table('Item', { columns: [column('id', 'integer'), column('note', 'text')] })
  await as(
    host,
    `INSERT INTO audit.legal_hold (kind, made_by, reason) VALUES ('H', 'x', 'case')`,
    `${createSource(item)} ${up(desiredState({ ...model(item), auditSchema: other.schema }))}`,
    renderEraserSetup({ ...roles, eraser: second, home: other }),
  )
  expect(await database.query('SELECT count(*)::int AS n FROM audit.legal_hold')).toEqual([{ n: 1 }])
  expect(await database.query('SELECT count(*)::int AS n FROM second.legal_hold')).toEqual([{ n: 0 }])
})

it('the set-up of an owner, an application and a reader leaves the function to its role, before and after', async () => {
  const { database, host, as, roles, script } = await hosted()
  const id = database.name.slice(-12)
  const three = { owner: host, application: `app ${id}`, reader: `reader ${id}` }
  onTestFinished(async () => {
    for (const role of [three.application, three.reader]) {
      await database.query(`DROP OWNED BY ${quoted(role)} CASCADE; DROP ROLE ${quoted(role)}`)
    }
  })
  const project = { dmmf: { datamodel: { models: [], enums: [], types: [] } }, datasourceSchemas: ['public'] }
  const setup = renderRoleSetup(
    roleSetup(model(user), project as unknown as Parameters<typeof roleSetup>[1], three),
  )
  await database.query(setup)
  await as(host, script)
  await database.query(setup)
  const client = await connected(database)
  await seal(client)
  const targets = [
    { history: 'audit."User_audit"', match: [{ columns: ['id'], value: '1' }], columns: ['email'] },
  ]
  expect(await erase(client, roles.by, targets)).toMatchObject({ rows: 1 })
  for (const role of [three.application, three.reader, host]) {
    await expect(as(role, `SELECT audit.erase('[]', NULL, NULL)`)).rejects.toMatchObject({ code: '42501' })
  }
})

it('after a reset, which leaves the former history aside with its function, it is set up by the same roles', async () => {
  const { database, host, as, roles, script } = await hosted()
  await as(host, script)
  // As `migrate reset` leaves it: the application's tables are gone, the audit schema is not.
  await as(
    host,
    `DROP TABLE "User"; ${createSource(user)} ${up(desiredState(model(user)))}`,
    `INSERT INTO "User" VALUES (1, 'mail')`,
    script,
  )
  expect(await database.query(`SELECT count(*)::int AS n FROM pg_proc WHERE proname = 'erase'`)).toEqual([
    { n: 1 },
  ])
  const targets = [
    { history: 'audit."User_audit"', match: [{ columns: ['id'], value: '1' }], columns: ['email'] },
  ]
  expect(await erase(await connected(database), roles.by, targets)).toMatchObject({ rows: 1, number: 1 })
})
