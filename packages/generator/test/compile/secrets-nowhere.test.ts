import { createHash } from 'node:crypto'
import fc from 'fast-check'
import pg from 'pg'
import { expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { IS_FULL, SEED } from '../sql/folding-property.ts'
import { compileProject, type Migrations, withNext } from './compile-project.ts'
import { schemaWith } from './follow-project.ts'

/** In milliseconds; a counterexample is shrunk no longer than that. */
const LIMIT = IS_FULL ? 900_000 : 60_000

/** What holds a token, in what way; `read` is an expression of the text in it that PostgreSQL takes for immutable. */
interface Kind {
  readonly field: string
  readonly column: string
  readonly value: (token: string) => string
  readonly read: (column: string) => string
}

const KINDS: readonly [Kind, ...Kind[]] = [
  { field: 'String?', column: 'TEXT', value: (token) => `'${token}'`, read: (name) => name },
  {
    field: 'String? @db.VarChar(90)',
    column: 'VARCHAR(90)',
    value: (token) => `'${token}'`,
    read: (name) => `${name}::text`,
  },
  {
    field: 'String[]',
    column: 'TEXT[]',
    value: (token) => `ARRAY['x', '${token}']`,
    read: (name) => `${name}[2]`,
  },
  {
    field: 'Json?',
    column: 'JSONB',
    value: (token) => `'{"k": "${token}"}'`,
    read: (name) => `(${name} ->> 'k')`,
  },
  {
    field: 'Bytes?',
    column: 'BYTEA',
    value: (token) => `'${token}'::bytea`,
    read: (name) => `encode(${name}, 'escape')`,
  },
  {
    field: 'Unsupported("tsvector")?',
    column: 'TSVECTOR',
    value: (token) => `'${token}'::tsvector`,
    read: (name) => `(tsvector_to_array(${name}))[1]`,
  },
]

/** A generated column: its field's type, its column's, and what it makes of a text. */
const DERIVED: readonly (readonly [field: string, column: string, of: (text: string) => string])[] = [
  ['String?', 'TEXT', (text) => `lower(${text})`],
  ['String?', 'TEXT', (text) => `reverse(upper(${text}))`],
  ['String?', 'TEXT', (text) => `md5(${text})`],
  ['String?', 'TEXT', (text) => `left(${text}, 80) || '-' || coalesce("note", '')`],
  ['String[]', 'TEXT[]', (text) => `ARRAY["note", ${text}]`],
  ['Unsupported("tsvector")?', 'TSVECTOR', (text) => `to_tsvector('simple', ${text})`],
  ['Boolean?', 'BOOLEAN', (text) => `${text} IS NULL`],
]

/** Why nothing of a secret is recorded. The first gives the field a name, the others leave it one that says nothing. */
const REASONS = ['', '@audit(redact)', '@audit(hash)', '@audit(exclude)', '@audit(redact, personal)']
const SECRET_NAMES = [
  'password',
  'accesstoken',
  'passwordV2',
  'client_secret_encrypted',
  'otpSeed',
  'userPass',
]

const secretWish = fc.record({
  kind: fc.nat(99),
  reason: fc.constantFrom(...REASONS),
  isHidden: fc.boolean(),
  isRenamed: fc.boolean(),
})
const derivedWish = fc.record({
  make: fc.constantFrom(...DERIVED),
  of: fc.nat(99),
  isHidden: fc.boolean(),
  comes: fc.constantFrom('at once', 'by ALTER', 'after the audit'),
})
const projectWish = fc.record({
  model: fc.constantFrom(
    ...[
      '',
      ', level: statement',
      ', level: row',
      ', updates: changed',
      ', truncate: refuse',
      ', enableAlways: true',
    ],
    ...[
      ', backfill: true',
      ', level: statement, backfill: true',
      ', facts: [changed_columns, application_name]',
    ],
    ...[', partitionBy: year'],
  ),
  secrets: fc.array(secretWish, { minLength: 1, maxLength: 3 }),
  derived: fc.array(derivedWish, { maxLength: 3 }),
  isReferredTo: fc.boolean(),
  isPartitioned: fc.constantFrom(false, false, true),
  whenChanged: fc.boolean(),
  key: fc.constantFrom('id Int @id', 'id Int @unique'),
})
type ProjectWish = typeof projectWish extends fc.Arbitrary<infer Wish> ? Wish : never

interface Secret {
  readonly name: string
  readonly kind: Kind
}

interface Project {
  /** With the fields that come after the audit, and without. */
  readonly schemas: readonly [first: string, last: string]
  readonly init: string
  readonly later: string
  readonly secrets: readonly Secret[]
  readonly isReferredTo: boolean
}

function projectOf({
  model,
  secrets,
  derived,
  isReferredTo,
  isPartitioned,
  whenChanged,
  key,
}: ProjectWish): Project {
  const columns = secrets.map(({ kind, reason, isHidden, isRenamed }, index) => {
    const isTarget = isReferredTo && index === 0
    const made = isTarget ? KINDS[0] : (KINDS[kind % KINDS.length] ?? KINDS[0])
    const word = SECRET_NAMES[(kind + index) % SECRET_NAMES.length] ?? ''
    const name = reason === '' ? `${'abc'[index]}_${word}` : `plain${index}`
    const hide = isHidden && !isTarget && !made.field.startsWith('Unsupported') ? ' @ignore' : ''
    const annotation = reason === '' ? '' : `/// ${reason}\n  `
    const unique = isTarget ? ' @unique' : ''
    return {
      name,
      kind: made,
      isTarget,
      isRenamed,
      line: `${annotation}${name} ${made.field}${unique}${hide}`,
    }
  })
  const generated = derived.map(({ make: [field, column, of], of: number, isHidden, comes }, index) => {
    const from = columns[number % columns.length] ?? columns[0]
    if (from === undefined) throw new Error('no secret')
    const hide = isHidden && !field.startsWith('Unsupported') ? ' @ignore' : ''
    // A column that is renamed later has its former name in the statement.
    const written = from.isRenamed && comes !== 'after the audit' ? `old ${from.name}` : from.name
    const expression = of(from.kind.read(`"${written}"`))
    return {
      comes,
      line: `made${index} ${field}${hide}`,
      text: `"made${index}" ${column} GENERATED ALWAYS AS (${expression}) STORED`,
    }
  })
  const when = (wanted: string) => generated.filter(({ comes }) => comes === wanted)
  const schema = (late: boolean) =>
    schemaWith(
      `/// @audit(enabled${model})
model A {
  ${key}
  note String?
  ${whenChanged && !model.includes('statement') ? '/// @audit(whenChanged)\n  ' : ''}body String?
  ${columns.map(({ line }) => line).join('\n  ')}
  ${generated
    .filter(({ comes }) => late || comes !== 'after the audit')
    .map(({ line }) => line)
    .join('\n  ')}
  ${isReferredTo ? 'bs B[]' : ''}
}
${isReferredTo ? `/// @audit(enabled)\nmodel B {\n  id Int @id\n  ref String?\n  a A? @relation(fields: [ref], references: [${columns[0]?.name}])\n  note String?\n}\n` : ''}`,
    ).replace('["username String?"]', '["username String"]')
  const texts = columns.map(({ name, kind, isRenamed, isTarget }) => {
    return `"${isRenamed ? 'old ' : ''}${name}" ${kind.column}${isTarget ? ' UNIQUE' : ''}`
  })
  const others = ['"note" TEXT', '"body" TEXT', ...texts, ...when('at once').map(({ text }) => text)]
  const reference = `CREATE TABLE "B" ("id" INTEGER PRIMARY KEY, "ref" TEXT REFERENCES "A" ("${columns[0]?.name}") ON UPDATE CASCADE ON DELETE SET NULL, "note" TEXT);`
  // A unique column other than the partitions' would have to be part of their key.
  const parts = isPartitioned && !isReferredTo
  const init = [
    `CREATE TABLE "A" ("id" INTEGER NOT NULL ${key.includes('@id') ? 'PRIMARY KEY' : 'UNIQUE'}, ${others.join(', ')})${parts ? ' PARTITION BY RANGE ("id")' : ''};`,
    ...(parts
      ? [
          'CREATE TABLE "A1" PARTITION OF "A" FOR VALUES FROM (0) TO (9);',
          'CREATE TABLE "A2" PARTITION OF "A" DEFAULT;',
        ]
      : []),
    ...when('by ALTER').map(({ text }) => `ALTER TABLE "A" ADD COLUMN ${text};`),
    ...columns
      .filter(({ isRenamed }) => isRenamed)
      .map(({ name }) => `ALTER TABLE "A" RENAME COLUMN "old ${name}" TO "${name}";`),
    ...(isReferredTo ? [reference] : []),
  ].join('\n')
  const later = when('after the audit')
    .map(({ text }) => `ALTER TABLE "A" ADD COLUMN ${text};`)
    .join('\n')
  return { schemas: [schema(false), schema(true)], init, later, secrets: columns, isReferredTo }
}

const writeWishes = fc.array(
  fc.record({ kind: fc.nat(99), row: fc.nat(3), other: fc.nat(3), column: fc.nat(99) }),
  { minLength: 3, maxLength: 25 },
)
type Write = typeof writeWishes extends fc.Arbitrary<readonly (infer Wish)[]> ? Wish : never

/** In one text, as PostgreSQL gets it; each value of a secret is a token of its own. */
function statementOf({ kind, row, other, column }: Write, project: Project, token: () => string): string {
  const { secrets, isReferredTo } = project
  const value = ({ kind }: Secret) => kind.value(token())
  const one = secrets[column % secrets.length]
  if (one === undefined) throw new Error('no secret')
  const names = secrets.map(({ name }) => `"${name}"`).join(', ')
  const insert = (id: number) =>
    `INSERT INTO "A" ("id", "note", "body", ${names}) VALUES (${id}, 'n', 'b${other}', ${secrets.map(value).join(', ')})`
  const set = `"${one.name}" = ${value(one)}`
  const writes = [
    insert(row),
    insert(other),
    `${insert(row)}, (${other + 4}, NULL, NULL, ${secrets.map(value).join(', ')}) ON CONFLICT ("id") DO UPDATE SET "${one.name}" = EXCLUDED."${one.name}"`,
    `UPDATE "A" SET ${set} WHERE "id" = ${row}`,
    `UPDATE "A" SET ${set}, "note" = 'n${other}'`,
    `UPDATE "A" SET "note" = 'm${other}' WHERE "id" <= ${row}`,
    `UPDATE "A" SET "body" = 'b${other}'`,
    `UPDATE "A" SET "id" = "id"`,
    `UPDATE "A" SET "id" = ${other + 8}, ${set} WHERE "id" = ${row}`,
    `UPDATE "A" SET "${one.name}" = NULL WHERE "id" = ${row}`,
    `DELETE FROM "A" WHERE "id" = ${row}`,
    `WITH gone AS (DELETE FROM "A" WHERE "id" = ${row} RETURNING "id") INSERT INTO "A" ("id", ${names}) SELECT "id" + 20, ${secrets.map(value).join(', ')} FROM gone`,
    'TRUNCATE "A" CASCADE',
    // Refusals of ours, and a failure inside our functions.
    `SET audit.username = ''; ${insert(row + 30)}`,
    `SET audit.username = ''; UPDATE "A" SET ${set}`,
    'BEGIN ISOLATION LEVEL SERIALIZABLE; TRUNCATE "A" CASCADE; COMMIT',
    `BEGIN; ALTER TABLE audit."A_audit" ADD CHECK (audit_operation = '?') NOT VALID; ${insert(row + 40)}; ROLLBACK`,
    `BEGIN; ALTER TABLE audit."A_audit" ADD CHECK (audit_operation = 'U') NOT VALID; DELETE FROM "A"; ROLLBACK`,
    ...(isReferredTo
      ? [
          `INSERT INTO "B" SELECT ${row}, "${secrets[0]?.name}", 'n' FROM "A" LIMIT 1`,
          `INSERT INTO "B" SELECT "id" + 10, "${secrets[0]?.name}", 'n' FROM "A" ON CONFLICT DO NOTHING`,
          `UPDATE "B" SET "note" = 'm${other}'`,
          `UPDATE "B" SET "ref" = NULL WHERE "id" = ${row}`,
          `DELETE FROM "B" WHERE "id" = ${row}`,
        ]
      : []),
  ]
  return writes[kind % writes.length] ?? ''
}

/** A token, forwards and backwards, in any case; and in hexadecimal. */
const TOKEN = /zq[0-9]+qz|7a71(?:3[0-9])+717a/gi

/** Tokens that stand in a text, and hashes of those that were given. */
function tokensIn(text: string, hashes: ReadonlySet<string>): readonly string[] {
  return [
    ...(text.match(TOKEN) ?? []),
    ...(text.match(/[0-9a-f]{32,}/g) ?? []).filter((each) => hashes.has(each)),
  ]
}

/** Every row of every table of a schema, in text. */
async function everything(client: pg.ClientBase, schema: string): Promise<string> {
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p')`,
    [schema],
  )
  const texts: string[] = []
  for (const { name } of tables) {
    const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} AS t`)
    texts.push(...rows.map(({ row }) => row))
  }
  return texts.join('\n')
}

/** What the server says because of the audit: with a code of ours, or from within one of our functions. */
function isOurs({ code = '', where = '', table = '' }: pg.DatabaseError): boolean {
  return code.startsWith('AU') || where.includes('audit') || table.endsWith('_audit')
}

async function withClient<T>(database: TestDatabase, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await database.pool({ max: 1 }).connect()
  // A session that remembers dropped tables is slow.
  return await use(client).finally(() => client.release(true))
}

test(
  'the value of a redacted, hashed or excluded field is in no audit object and in no message of the audit, whatever is generated from it or refers to it',
  async () => {
    console.info(`secrets-nowhere: AUDIT_TEST_SEED=${SEED}`)
    const database = await createDatabase()
    const seen = { rows: 0, tokens: 0, refused: 0, within: 0 }
    const hold = async (
      client: pg.PoolClient,
      wish: ProjectWish,
      before: readonly Write[],
      writes: readonly Write[],
    ) => {
      const project = projectOf(wish)
      const hashes = new Set<string>()
      const token = () => {
        seen.tokens += 1
        const made = `zq${seen.tokens}qz`
        hashes.add(createHash('md5').update(made).digest('hex'))
        return made
      }
      const said: string[] = []
      client.on('notice', ({ message, detail, hint, where }) =>
        said.push([message, detail, hint, where].join('\n')),
      )
      const write = async (each: Write) => {
        const text = statementOf(each, project, token)
        await client.query(text).catch((error: unknown) => {
          if (!(error instanceof pg.DatabaseError)) throw error
          if (!isOurs(error)) return
          seen[error.code?.startsWith('AU') ? 'refused' : 'within'] += 1
          said.push(JSON.stringify({ ...error, message: error.message }))
        })
        await client.query(`ROLLBACK; SET audit.username = 'ann'`)
      }
      const check = async () => {
        const text = await everything(client, 'audit')
        expect(tokensIn(text, hashes)).toEqual([])
        expect(tokensIn(said.join('\n'), hashes)).toEqual([])
        seen.rows += text.split('\n').length
      }
      await client.query(`SET client_min_messages = notice; SET audit.username = 'ann';
        DROP SCHEMA IF EXISTS audit CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${project.init}`)
      for (const each of before) await write(each)
      const start: Migrations = { '20260101000000_init': project.init }
      const first = await compileProject(project.schemas[0], start)
      await client.query(first.migration?.sql ?? `SELECT no_migration('${first.text.replaceAll("'", '')}')`)
      for (const each of writes) await write(each)
      await check()
      const done = { ...withNext(start, first, '20260102000000'), '20260103000000_later': project.later }
      const second = await compileProject(project.schemas[1], done)
      await client.query(project.later)
      await client.query(second.migration?.sql ?? '')
      for (const each of writes) await write(each)
      // What is looked for is there to be found.
      await write({ kind: 0, row: 60, other: 0, column: 0 })
      expect(tokensIn(await everything(client, 'public'), hashes)).not.toEqual([])
      await check()
    }
    await fc.assert(
      fc.asyncProperty(projectWish, writeWishes, writeWishes, (wish, before, writes) =>
        withClient(database, (client) => hold(client, wish, before, writes)),
      ),
      { seed: SEED, numRuns: IS_FULL ? 600 : 40, interruptAfterTimeLimit: LIMIT },
    )
    expect(seen.rows).toBeGreaterThan(300)
    expect(seen.refused).toBeGreaterThan(10)
    expect(seen.within).toBeGreaterThan(10)
    await database.drop()
  },
  2 * LIMIT,
)
