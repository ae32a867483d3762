import { expect, onTestFinished, test, vi } from 'vitest'
import { FORGOTTEN, forgotten } from '../../packages/generator/test/sql/old-partitions.ts'
import { installedProject, startWriter, type WrappedProject } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const MODELS = `/// @audit(enabled, partitionBy: month)
model Order {
  id   Int     @id @default(autoincrement())
  note String?
}

/// @audit(enabled)
model Tag {
  name String @id
}
`
const TABLES = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "note" TEXT, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Tag" ("name" TEXT NOT NULL, CONSTRAINT "Tag_pkey" PRIMARY KEY ("name"));\n`

const partitioned = () => installedProject(MODELS, TABLES)
const AS_ANN = `SELECT set_config('audit.username', 'ann', true)`

interface Found {
  readonly state: string
  readonly object: string
  readonly message: string
}

interface Status {
  readonly isInstalled: boolean
  readonly findings: readonly Found[]
  readonly histories: readonly {
    readonly model: string
    readonly size: { readonly bytes: number; readonly rows: number }
    readonly findings: readonly Found[]
    readonly partitions?: {
      readonly unit: string
      readonly count: number
      readonly until: string
      readonly rowsInDefault: number
    }
  }[]
}

async function statusOf({ audit }: WrappedProject) {
  const { stdout, stderr, exitCode } = await audit(['status', '--json'])
  expect(stderr).toBe('')
  const status: Status = JSON.parse(stdout)
  const all = [...status.findings, ...status.histories.flatMap(({ findings }) => findings)]
  return {
    exitCode,
    order: status.histories.find(({ model }) => model === 'Order'),
    found: all.map(({ state, object, message }) => `${state}: ${object} ${message}`),
  }
}

test('a partitioned history is installed, and is counted with its partitions', async () => {
  const wrapped = await partitioned()
  const { database, audit } = wrapped
  await database.query(
    `BEGIN; ${AS_ANN}; INSERT INTO "Order" (note) SELECT 'a' FROM generate_series(1, 500); COMMIT; ANALYZE`,
  )
  const { exitCode, order, found } = await statusOf(wrapped)
  expect({ exitCode, found }).toEqual({ exitCode: 0, found: [] })
  expect(order?.partitions).toMatchObject({ unit: 'month', count: 14, rowsInDefault: 0 })
  expect(order?.size.rows).toBe(500)
  expect(order?.size.bytes).toBeGreaterThan(40_000)
  expect((await audit(['status'])).stdout).toMatch(
    /installed {2}public\.Order {2}about 500 rows, [\d,]+ kB, .*\n +14 partitions, until \d{4}-\d\d-01/,
  )
})

test('status fails where partitions end within three months, and the command makes them, once', async () => {
  const wrapped = await partitioned()
  const { database, audit } = wrapped
  await database.query(forgotten(4))
  expect((await statusOf(wrapped)).exitCode).toBe(0)
  await database.query(FORGOTTEN)
  expect(await statusOf(wrapped)).toMatchObject({
    exitCode: 1,
    found: [
      expect.stringMatching(
        /^outdated: table "audit"\."Order_audit" has partitions until \d{4}-\d\d-01 only, which is less than 3 months away$/,
      ),
    ],
  })
  expect((await audit(['status'])).stdout).toContain(
    `CALL "audit"."partition_history"('"audit"."Order_audit"', 'month');`,
  )
  expect(await audit(['partition', '--dry-run'])).toMatchObject({
    exitCode: 0,
    stdout: `CALL "audit"."partition_history"('"audit"."Order_audit"', 'month');\n`,
    stderr: '',
  })
  expect((await statusOf(wrapped)).exitCode).toBe(1)
  expect(await audit(['partition'])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(
      /^audit: "audit"\."Order_audit" \d+ partitions made: it has 14 partitions, until \d{4}-\d\d-01$/m,
    ),
  })
  expect((await statusOf(wrapped)).found).toEqual([])
  expect(await audit(['partition', '--model', 'Order'])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('none is due'),
  })
})

test('migrate deploy makes them, too, and what is in its way does not undo the deployment', async () => {
  const wrapped = await partitioned()
  const { database, audit } = wrapped
  await database.query(FORGOTTEN)
  expect(await audit(['migrate', 'deploy'])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('partitions made: it has 14 partitions'),
  })
  expect((await statusOf(wrapped)).exitCode).toBe(0)
  await database.query(FORGOTTEN)
  await database.query('DROP PROCEDURE audit.partition_history(regclass, text)')
  expect(await audit(['migrate', 'deploy'])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('no partitions were made ahead'),
  })
  expect((await statusOf(wrapped)).found).toContain(
    'missing: function "audit"."partition_history" is not there',
  )
  expect(await audit(['install'])).toMatchObject({ exitCode: 0 })
  expect(await statusOf(wrapped)).toMatchObject({
    exitCode: 0,
    found: [],
    order: { partitions: { count: 14 } },
  })
})

test('each partition that lost its guard, is open to others, was detached or is missing is named, and mended where that can be', async () => {
  const wrapped = await partitioned()
  const { database, audit } = wrapped
  const parts = await database.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = 'audit."Order_audit"'::regclass ORDER BY c.relname`,
  )
  const [first = '', second = '', third = '', fourth = ''] = parts.map(({ name }) => name)
  await database.query(`ALTER TABLE audit."${first}" DISABLE TRIGGER append_only;
    DROP TRIGGER append_only ON audit."${second}";
    GRANT SELECT ON audit."${third}" TO PUBLIC;
    BEGIN; ${AS_ANN}; INSERT INTO "Order" (note) VALUES ('a'); COMMIT`)
  const broken = await statusOf(wrapped)
  expect(broken.exitCode).toBe(1)
  expect(broken.found.toSorted()).toEqual([
    `disabled: trigger "append_only" on partition "audit"."${first}" is disabled`,
    `missing: trigger "append_only" on partition "audit"."${second}" is not there`,
    `tampered: partition "audit"."${third}" is open to others than its owner, past the rights and policies of its history: PUBLIC: SELECT`,
  ])
  expect(await audit(['install'])).toMatchObject({ exitCode: 0 })
  await expect(database.query(`DELETE FROM audit."${second}"`)).rejects.toMatchObject({ code: 'AU002' })
  await database.query(`ALTER TABLE audit."Order_audit" DETACH PARTITION audit."${fourth}";
    ALTER TABLE audit."Order_audit" DETACH PARTITION audit."Order_audit_default"; DROP TABLE audit."Order_audit_default"`)
  const less = await statusOf(wrapped)
  expect(less.found.toSorted()).toEqual([
    'missing: DEFAULT partition of table "audit"."Order_audit" is not there: a write fails where no other partition is for its time',
    `orphaned: table "audit"."${fourth}" has the guard of a history and is a partition of none: its rows are no part of any history`,
  ])
  await audit(['install'])
  expect((await statusOf(wrapped)).found).toEqual([expect.stringMatching(/^orphaned: /)])
})

test('rows that are of no month are told, and get a partition of their own with the next run', async () => {
  const wrapped = await partitioned()
  const { database, audit } = wrapped
  await database.query(`DO $$ DECLARE part regclass; BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'audit."Order_audit"'::regclass AND inhrelid <> 'audit."Order_audit_default"'::regclass LOOP
      EXECUTE format('DROP TABLE %s', part);
    END LOOP;
  END $$;
  BEGIN; ${AS_ANN}; INSERT INTO "Order" (note) VALUES ('a'), ('b'); COMMIT`)
  expect((await audit(['status'])).stdout).toContain('1 partitions; 2 rows are in that for all other times')
  expect((await statusOf(wrapped)).found).toEqual([
    'outdated: table "audit"."Order_audit" has no partition for the time to come',
  ])
  await audit(['partition'])
  expect(await statusOf(wrapped)).toMatchObject({ exitCode: 0, order: { partitions: { rowsInDefault: 0 } } })
})

test('an ordinary table where migrations want partitions is outdated, and the command makes it partitioned while writers write', async () => {
  const wrapped = await partitioned()
  const { database, audit } = wrapped
  // As where the history came from a dump of before.
  await database.query(
    `DROP TABLE audit."Order_audit" CASCADE;
     CREATE TABLE audit."Order_audit" (audit_id bigint GENERATED ALWAYS AS IDENTITY, audit_operation char(1) NOT NULL, audit_operation_timestamp timestamptz NOT NULL,
     audit_transaction_timestamp timestamptz NOT NULL, audit_current_user text NOT NULL, audit_transaction_id bigint NOT NULL, audit_username text, id integer, note text,
     CONSTRAINT "Order_audit_pkey" PRIMARY KEY (audit_id), CONSTRAINT "audit_operation_known" CHECK (audit_operation IN ('I', 'U', 'D', 'B')),
     CONSTRAINT "audit_username_required" CHECK (audit_username IS NOT NULL));
     CREATE INDEX "Order_audit_key" ON audit."Order_audit" (id, audit_id);
     CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit."Order_audit" FOR EACH STATEMENT EXECUTE FUNCTION audit.append_only();
     ALTER TABLE audit."Order_audit" ENABLE ALWAYS TRIGGER append_only`,
  )
  await database.query(
    `BEGIN; ${AS_ANN}; INSERT INTO "Order" (note) SELECT 'a' FROM generate_series(1, 50); COMMIT`,
  )
  expect((await statusOf(wrapped)).found).toEqual([
    'outdated: table "audit"."Order_audit" is an ordinary table, and is to be partitioned',
  ])
  const planned = await audit(['partition', '--dry-run'])
  expect(planned.stdout).toContain('VALIDATE CONSTRAINT')
  const writer = startWriter(database, `INSERT INTO "Order" (note) VALUES ('w')`)
  await writer.next()
  expect(await audit(['partition'])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(
      'is partitioned now, and what it held is its oldest partition; 12 partitions made',
    ),
  })
  await writer.next()
  expect(writer.errors).toEqual([])
  expect(await statusOf(wrapped)).toMatchObject({ exitCode: 0, found: [] })
  expect(await audit(['verify', '--live'])).toMatchObject({ exitCode: 0 })
})

test('who may not, where there is nothing, and what is asked for wrongly is said with the right exit code', async () => {
  const { database, audit } = await partitioned()
  const role = `${database.name}_none`
  await database.query(`CREATE ROLE "${role}" LOGIN PASSWORD 'x'`)
  onTestFinished(async () => {
    await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
  })
  await database.query(FORGOTTEN)
  const url = new URL(database.url)
  url.username = role
  url.password = 'x'
  const said = async (args: readonly string[], exitCode: number, text: string) =>
    expect(await audit(['partition', ...args])).toMatchObject({
      exitCode,
      stderr: expect.stringContaining(text),
    })
  await said(['--url', url.href], 2, 'Run it as the owner of the audit tables, as migrations are.')
  await said(['--url', 'postgresql://localhost:1/x'], 2, 'cannot be reached')
  await said(['--model', 'Nobody'], 2, 'No audited model or table is called "Nobody"')
  await said(['--model', 'Tag'], 2, 'No migration partitions "audit"."Tag_audit"')
  await said(['--moddel', 'Tag'], 2, '--moddel')
  // Somebody who holds the history makes it give up, and writes go on meanwhile.
  await database.query('DROP PROCEDURE audit.prepare_partitions(regclass, text)')
  await said([], 2, 'Migrations come first')
})
