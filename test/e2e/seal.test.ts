import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { TestDatabase } from '../support/test-database.ts'
import { installedProject, startWriter, wrappedProject } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const MODELS = `/// @audit(enabled)
model Order {
  id   Int     @id @default(autoincrement())
  note String?
}
`
const TABLES = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "note" TEXT, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
const HISTORY = '"audit"."Order_audit"'

const installed = () => installedProject(MODELS, TABLES)
const write = (database: TestDatabase, rows: number) =>
  database.query(`BEGIN; SELECT set_config('audit.username', 'ann', true);
    INSERT INTO "Order" (note) SELECT 'note ' || g FROM generate_series(1, ${rows}) g; COMMIT`)
const tamper = (database: TestDatabase, statement: string) =>
  database.query(`ALTER TABLE ${HISTORY} DISABLE TRIGGER append_only; ${statement};
    ALTER TABLE ${HISTORY} ENABLE ALWAYS TRIGGER append_only`)

test('a change of the history is found with its range, and the chain is what was exported', async () => {
  const { database, project, audit } = await installed()
  await write(database, 2500)
  const anchors = join(project.dir, 'anchors.jsonl')
  const sealed = await audit(['seal', '--wait', '60', '--export', anchors])
  expect(sealed).toMatchObject({
    exitCode: 0,
    stdout: '',
    stderr: expect.stringContaining(`audit: ${HISTORY}: 2,500 rows sealed in 3 ranges`),
  })
  expect(sealed.stderr).toContain('seal 3 is in ')
  const first = readFileSync(anchors, 'utf8')
  expect(first).toMatch(/^\{"number":"3","hash":"[0-9a-f]{64}","sealedAt":"[^"]+\+00"\}\n$/)

  await write(database, 10)
  const unanchored = await audit(['verify'])
  expect(unanchored).toMatchObject({ exitCode: 0 })
  expect(unanchored.stdout).toContain(`${HISTORY}: 2,500 rows in 3 ranges compared; 10 rows since `)
  const [newest] = await database.query<{ root: string; hash: string }>(
    `SELECT encode(root, 'hex') AS root, encode(hash, 'hex') AS hash FROM audit.seal WHERE number = 3`,
  )
  expect(first).toContain(newest?.hash)
  expect(unanchored.stdout).toMatch(
    new RegExp(
      `internally consistent, not anchored \\(the newest that was exported is seal 3 with the root ${newest?.root.slice(0, 16)}…, to .*anchors\\.jsonl at `,
    ),
  )
  const told: { exported: object } = JSON.parse((await audit(['verify', '--json'])).stdout)
  expect(told.exported).toMatchObject({ number: '3', ...newest, destination: anchors })
  expect(await audit(['seal', '--wait', '60', '--export', anchors])).toMatchObject({ exitCode: 0 })
  expect(readFileSync(anchors, 'utf8').startsWith(first)).toBe(true)
  expect(readFileSync(anchors, 'utf8').split('\n')).toHaveLength(3)
  // Nothing new: the same line is not written again.
  expect(await audit(['seal', '--wait', '60', '--export', anchors])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('nothing new to seal'),
  })
  expect(readFileSync(anchors, 'utf8').split('\n')).toHaveLength(3)
  expect(await audit(['verify', '--anchor', anchors])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('consistent, and anchored up to seal 4'),
  })

  await tamper(database, `UPDATE ${HISTORY} SET note = 'forged' WHERE audit_id = 1500`)
  const found = await audit(['verify', '--anchor', anchors])
  expect(found.exitCode).toBe(1)
  expect(found.stdout).toMatch(
    /"audit"\."Order_audit": rows were changed: ids 1001–2000, seal 2, sealed \d{4}-.*\n.*THE HISTORY IS NOT WHAT WAS SEALED: 1 finding/,
  )
  const json = await audit(['verify', '--json'])
  expect(json.exitCode).toBe(1)
  expect(JSON.parse(json.stdout)).toMatchObject({
    version: 1,
    intact: false,
    complete: true,
    seals: '4',
    anchored: null,
    exported: { number: '4' },
    histories: [{ history: HISTORY, ranges: 4, rows: 2510, unsealed: { rows: 0 } }],
    findings: [{ kind: 'rows-changed', history: HISTORY, firstId: '1001', lastId: '2000', firstSeal: '2' }],
  })
})

test('writers never wait for a seal, and what they write meanwhile is sealed by the next run', async () => {
  const { database, audit } = await installed()
  const writer = startWriter(
    database,
    `INSERT INTO "Order" (note) VALUES ('more')`,
    `UPDATE "Order" SET note = 'new' WHERE id = (SELECT max(id) FROM "Order")`,
  )
  for (let run = 0; run < 3; run += 1) {
    await writer.next()
    expect(await audit(['seal'])).toMatchObject({ exitCode: 0 })
    expect(await audit(['verify'])).toMatchObject({ exitCode: 0 })
  }
  expect(writer.errors).toEqual([])
})

test('ended at any point, by Ctrl-C or worse, it leaves whole seals, and the next run goes on', async () => {
  const { database, audit } = await installed()
  await write(database, 120_000)
  const ended = await audit(['seal'], { signal: { when: 'rows sealed', name: 'SIGINT' } })
  expect(ended).toMatchObject({ exitCode: 130, stderr: expect.stringContaining('run it again to go on') })
  const begun = await sealedRows(database)
  expect(begun).toBeGreaterThan(0)
  expect(begun).toBeLessThan(120_000)
  expect(begun % 1000).toBe(0)
  expect(await audit(['verify'])).toMatchObject({ exitCode: 0 })
  // The server ends the connection in the middle.
  const [lost] = await Promise.all([
    audit(['seal', '--wait', '60']),
    (async () => {
      await expect.poll(() => sealedRows(database), { timeout: 20_000, interval: 20 }).toBeGreaterThan(begun)
      await database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'prisma-generator-audit seal'`,
      )
    })(),
  ])
  expect(lost).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('The ranges that were sealed stay'),
  })
  expect(lost.stderr).not.toContain('    at ')
  expect((await sealedRows(database)) % 1000).toBe(0)
  const looking = await audit(['verify'], { signal: { when: 'verify', name: 'SIGINT' } })
  expect([0, 130]).toContain(looking.exitCode)
  if (looking.exitCode === 130) expect(looking.stdout).toContain('It was ended before all was compared')
  expect(await audit(['seal', '--wait', '60'])).toMatchObject({ exitCode: 0 })
  expect(await sealedRows(database)).toBe(120_000)
  expect(await audit(['verify'])).toMatchObject({ exitCode: 0 })
})

test('it waits for transactions that are open as long as it was told, says so, and can be ended', async () => {
  const { database, project, audit } = await installed()
  const open = new pg.Client({ connectionString: database.url })
  await open.connect()
  onTestFinished(() => open.end())
  await open.query(
    `BEGIN; SELECT set_config('audit.username', 'slow', true); INSERT INTO "Order" (note) VALUES ('x')`,
  )
  expect(await audit(['seal', '--wait', '0'])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('newer rows wait for transactions that are still open'),
  })
  const run = audit(['seal', '--wait', '100'])
  const isThere = () =>
    database.query(
      `SELECT 1 AS there FROM pg_stat_activity WHERE application_name = 'prisma-generator-audit seal'`,
    )
  await expect.poll(isThere, { timeout: 20_000 }).toEqual([{ there: 1 }])
  await sleep(500)
  await open.query('COMMIT')
  expect(await run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('1 row sealed in 1 range') })

  await open.query(
    `BEGIN; SELECT set_config('audit.username', 'slow', true); INSERT INTO "Order" (note) VALUES ('y')`,
  )
  const child = startAudit(project.dir, database.url, ['seal', '--wait', '100'])
  await expect.poll(isThere, { timeout: 20_000 }).toEqual([{ there: 1 }])
  await sleep(500)
  child.kill('SIGINT')
  const [exitCode] = await once(child, 'exit')
  expect(exitCode).toBe(130)
})

test('what keeps them from working is said, with the exit code for it', async () => {
  const { database, project, audit } = await installed()
  await write(database, 3)
  expect(await audit(['seal', '--help'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('--export'),
  })
  expect(await audit(['verify', '--help'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('--anchor'),
  })
  for (const [args, exitCode, message] of [
    [['seal', '--wiat', '1'], 2, 'Did you mean --wait?'],
    [['verify', '--anchors', 'x'], 2, 'Did you mean --anchor?'],
    [['seal', '--wait', 'soon'], 2, '--wait takes a whole number from 0 on, and not "soon"'],
    [['verify'], 2, 'Nothing is sealed in schema audit. Seal it first'],
    [['verify', '--anchor', 'nowhere.jsonl'], 2, 'nowhere.jsonl cannot be read'],
    [['seal', '--url', 'postgresql://127.0.0.1:1/none'], 2, 'ECONNREFUSED'],
    [['verify', '--url', 'postgresql://127.0.0.1:1/none'], 2, 'ECONNREFUSED'],
    [['seal', '--export', 'no/such/folder/anchors'], 1, 'ENOENT'],
  ] as const) {
    const result = await audit(args)
    expect([args, result.exitCode, result.stderr]).toEqual([args, exitCode, expect.stringContaining(message)])
    expect(result.stderr).not.toContain('    at ')
  }
  for (const text of ['', 'no json', '{"number":"1","hash":"00"}']) {
    writeFileSync(join(project.dir, 'bad.jsonl'), text)
    expect(await audit(['verify', '--anchor', 'bad.jsonl'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('bad.jsonl'),
    })
  }
  const printed = await audit(['seal', '--wait', '60', '--export', '-'])
  expect(printed.exitCode).toBe(0)
  expect(JSON.parse(printed.stdout)).toMatchObject({ number: '1' })
  expect(JSON.parse((await audit(['seal', '--json'])).stdout)).toMatchObject({ version: 1, complete: true })
  await write(database, 3)
  const role = `seal_reader_${database.name}`
  await database.query(`CREATE ROLE "${role}" LOGIN PASSWORD 'x'`)
  onTestFinished(async () => {
    await database.query(`DROP ROLE "${role}"`)
  })
  const url = new URL(database.url)
  url.username = role
  url.password = 'x'
  expect(await audit(['seal', '--url', url.href])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/permission denied[\s\S]*Run it as the owner of the audit tables/),
  })
  expect(await audit(['verify', '--url', url.href])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/permission denied[\s\S]*Run it as the owner of the audit tables/),
  })
  await database.query('DROP TABLE audit.seal, audit.seal_salt')
  writeFileSync(join(project.dir, 'anchors.jsonl'), printed.stdout)
  expect(await audit(['verify', '--anchor', 'anchors.jsonl'])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('THE SEALS ARE GONE'),
  })
  const bare = await wrappedProject(MODELS, { migrations: { '20240101000000_init': TABLES } })
  expect(await bare.audit(['seal'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('No migration installs the audit'),
  })
})

const BIN = fileURLToPath(new URL('../../packages/generator/bin/prisma-generator-audit.js', import.meta.url))
function startAudit(dir: string, databaseUrl: string, args: readonly string[]) {
  return spawn(process.execPath, [BIN, ...args], {
    cwd: dir,
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: 'ignore',
  })
}

async function sealedRows(database: TestDatabase): Promise<number> {
  const [row] = await database.query<{ rows: number }>(
    `SELECT CASE WHEN to_regclass('audit.seal') IS NULL THEN 0 ELSE
       (xpath('/row/n/text()', query_to_xml('SELECT coalesce(sum(row_count), 0) AS n FROM audit.seal', false, true, '')))[1]::text::int END AS rows`,
  )
  return row?.rows ?? 0
}
