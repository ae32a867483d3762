import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { type Replication, ROLE, replication, useTwoServers } from './replication/two-servers.ts'

vi.setConfig({ testTimeout: 240_000 })

const servers = useTwoServers()
const repository = fileURLToPath(new URL('../..', import.meta.url))
const text = readFileSync(join(repository, 'docs/replication.md'), 'utf8')
const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, code = '']) => ({
  language,
  code,
}))

const models = `
/// @audit(enabled)
model Order {
  id   Int    @id @default(autoincrement())
  note String
}
`
const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "note" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
`
const HISTORY = 'audit."Order_audit"'

/** Runs a block as a person would, on the servers of the test. */
async function follow(
  made: Replication,
  { language, code }: (typeof blocks)[number],
  files: Map<string, string>,
) {
  if (language === 'sql') {
    const { hostname, port } = new URL(made.primary.url)
    const here = code
      .replace(
        /CONNECTION '.*'/,
        `CONNECTION 'host=${hostname} port=${port} dbname=${made.primary.name} user=${ROLE} password=secret'`,
      )
      .replace("'choose one'", "'secret'")
    return await (code.startsWith('-- primary') ? made.primary : made.second).query(here)
  }
  for (const line of code.trim().split('\n')) {
    const [, args, file] = /^npx prisma-generator-audit ([^>]*?)(?: > (\S+))?$/.exec(line) ?? []
    const [, from = '', url] = /^psql --set ON_ERROR_STOP=1 --file (\S+) "\$(\w+)"$/.exec(line) ?? []
    if (args !== undefined) {
      const { stdout, stderr, exitCode } = await made.audit(
        ...args.split(' ').map((arg) => (arg === '"$SECOND_URL"' ? made.second.url : arg)),
      )
      expect(exitCode, `${line}\n${stderr}`).toBe(0)
      if (file !== undefined) files.set(file, stdout)
    } else if (url !== undefined) {
      await (url === 'PRIMARY_URL' ? made.primary : made.second).query(files.get(from) ?? '')
    } else throw new Error(`nobody runs this line of docs/replication.md: ${line}`)
  }
  return []
}

test('docs/replication.md, followed from top to bottom, moves the history to a second server, and there again', async () => {
  const made = await replication(servers(), models, tables)
  await made.primary.query(`DROP ROLE ${ROLE}`)
  const write = () => made.primary.query(`INSERT INTO "Order" (note) SELECT 'n' FROM generate_series(1, 10)`)
  await write()
  expect((await made.audit('seal', '--wait', '60')).exitCode).toBe(0)
  const [synopsis, ...recipe] = blocks.filter(({ language }) => language === 'sh' || language === 'sql')
  expect(synopsis?.code).toMatch(/^npx prisma-generator-audit replicate publisher {2}\[--role/)
  const files = new Map<string, string>()
  for (const block of recipe) {
    const rows = await follow(made, block, files)
    if (block.code.includes('CREATE SUBSCRIPTION')) await made.copied()
    if (block.code.includes('srsubstate')) {
      expect(rows).toEqual([])
      await write()
      await made.expectSame(HISTORY)
    }
  }
  expect(recipe.at(-1)?.code).toContain('DROP SUBSCRIPTION')
  await write()
  await follow(
    made,
    recipe.find(({ code }) => code.includes('CREATE SUBSCRIPTION')) ?? { language: '', code: '' },
    files,
  )
  await made.expectSame(HISTORY)
  const { stdout } = await made.audit('status')
  expect(stdout).toMatch(/^replication slot prisma_audit is \d+ (bytes|kB) behind$/m)
})

test('the scripts say what is wrong, and change nothing: a database that records itself, a history that is missing, a publication of something else', async () => {
  const made = await replication(servers(), models, tables)
  const script = async (...args: string[]) => (await made.audit('replicate', ...args)).stdout
  await expect(made.primary.query(await script('subscriber'))).rejects.toThrow(
    'this database records history itself: "audit"."Order_audit"',
  )
  await made.primary.query('ROLLBACK')
  await expect(made.second.query(await script('publisher'))).rejects.toThrow(
    'there is no history "audit"."Order_audit"',
  )
  await made.second.query('ROLLBACK')
  await made.second.query('CREATE SCHEMA audit')
  await expect(made.second.query(await script('subscriber'))).rejects.toThrow(
    'schema audit exists already and does not belong to prisma-generator-audit',
  )
  await made.primary.query('ROLLBACK')
  for (const [name, of] of [
    ['orders', 'FOR TABLE "Order"'],
    ['everything', 'FOR ALL TABLES'],
  ]) {
    await made.primary.query(`CREATE PUBLICATION ${name} ${of}`)
    await expect(made.primary.query(await script('publisher', '--publication', `${name}`))).rejects.toThrow(
      `publication ${name} is there already, and publishes more than the history`,
    )
    await made.primary.query('ROLLBACK')
  }
  await expect(made.primary.query(await script('publisher', '--role', 'nobody'))).rejects.toThrow(
    'there is no role nobody',
  )
  await made.primary.query('ROLLBACK')
  const names = await made.primary.query<{ pubname: string }>('SELECT pubname FROM pg_publication ORDER BY 1')
  expect(names.map(({ pubname }) => pubname)).toEqual(['everything', 'orders'])
})

test('flags that do not go together, or cannot be names, are said', async () => {
  const made = await replication(servers(), models, tables)
  const said = async (...args: string[]) => {
    const { stdout, stderr, exitCode } = await made.audit('replicate', ...args)
    expect([stdout, exitCode]).toEqual(['', 1])
    return stderr.trim()
  }
  expect(await said()).toBe("error: missing required argument 'side'")
  expect(await said('both')).toBe(
    "error: command-argument value 'both' is invalid for argument 'side'. Allowed choices are publisher, subscriber.",
  )
  expect(await said('publisher', '--renames')).toBe(
    'audit: --renames is for the second server: replicate subscriber --renames',
  )
  expect(await said('subscriber', '--role', 'x')).toBe(
    'audit: --role is for the primary: replicate publisher --role <name>',
  )
  expect(await said('publisher', '--role', 'public')).toContain('PostgreSQL has no role of that name')
  expect(await said('publisher', '--publication', 'x'.repeat(64))).toContain('it is longer than 63 bytes')
})
