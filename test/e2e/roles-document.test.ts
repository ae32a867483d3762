import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { runAudit } from '../support/audit-command.ts'
import { makeHost, quoted, useRoles } from './roles/three-roles.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const text = readFileSync(join(repository, 'docs/roles.md'), 'utf8')
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  )

const roles = await useRoles()
const { database, project } = roles
const id = database.name.slice(-12)
/** Roles are the whole server's: each name of the document gets the end of this database's. */
const own = (name: string) => `${name}_${id}`
const here = (code: string) => code.replaceAll(/\bapp(_owner|_history)?\b/g, (name) => own(name))
const names = ['app_owner', 'app', 'app_history']
const env = () => ({
  OWNER_DATABASE_URL: roles.url(own('app_owner')),
  DATABASE_URL: roles.url(own('app')),
  HISTORY_DATABASE_URL: roles.url(own('app_history')),
})

beforeAll(async () => {
  const host = await makeHost(roles, own('host'))
  await project.prisma(['migrate', 'deploy'], { env: { DATABASE_URL: roles.url(host) } })
  const [print = ''] = blocks('sh')
  const [, flags = ''] = /^npx prisma-generator-audit (.*) > roles\.sql$/m.exec(here(print)) ?? []
  const { stdout } = await runAudit(project.dir, flags.split(' '))
  await roles.as(host, stdout)
  roles.drop(...names.map(own))
  for (const name of names) await database.query(`ALTER ROLE ${quoted(own(name))} PASSWORD 'x'`)
  for (const block of blocks('ts')) {
    const [, path = '', code = ''] = /^\/\/ (\S+)\n([\s\S]*)$/.exec(block) ?? []
    await project.write(path, code)
  }
}, 120_000)

test('every block of docs/roles.md is run here', () => {
  const all = [...text.matchAll(/^```(\w+)$/gm)].map(([, language]) => language)
  expect(all).toEqual(['sh', 'sh', 'ts', 'ts', 'sh', 'sql', 'sql', 'sql', 'sql', 'sql'])
})

test('migrations run by the configuration of docs/roles.md, and the client of the page writes and reads', async () => {
  await project.prisma(['migrate', 'deploy'], { env: env() })
  await project.write(
    'try.ts',
    `import { db, reader } from './db.ts'
await db.order.create({ data: {} })
const { entries } = await db.order.history()
console.log(entries.map(({ operation, context }) => operation + ' ' + context.username).join())
await db.$disconnect()
await reader.$disconnect()
`,
  )
  const { VITEST: _, ...inherited } = process.env
  const output = await new Promise((resolve) => {
    const options = { cwd: project.dir, env: { ...inherited, ...env() } }
    execFile(process.execPath, ['--import', import.meta.resolve('tsx'), 'try.ts'], options, (_, out, err) =>
      resolve(out + err),
    )
  })
  expect(output).toBe('I ann\n')
})

test('status --role, as docs/roles.md has it, names nothing that the application owns', async () => {
  const [, , code = ''] = blocks('sh')
  const [, flags = ''] = /^npx prisma-generator-audit (.*)$/m.exec(here(code)) ?? []
  const { stdout, stderr, exitCode } = await runAudit(project.dir, flags.split(' '), env())
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^audit: \d+ histor(y is|ies are) installed/)
  expect(stdout).not.toMatch(/ owns /)
  // It would, of who does.
  const owner = await runAudit(project.dir, ['status', '--role', own('app_owner')], env())
  expect(owner.stdout).toContain(`not tamper-resistant: ${own('app_owner')} owns the history`)
})

test('the files of docs/roles.md are checked by TypeScript', async () => {
  const flags =
    '--noEmit --strict --module nodenext --target es2023 --skipLibCheck --types node --allowImportingTsExtensions'
  const checked = await new Promise((resolve) => {
    const args = [...flags.split(' '), 'db.ts', 'prisma.config.ts']
    execFile(join(repository, 'node_modules/.bin/tsc'), args, { cwd: project.dir }, (_, out) => resolve(out))
  })
  expect(checked).toBe('')
})

test('each statement of docs/roles.md ends as the page says', async () => {
  for (const block of blocks('sql')) {
    const [, role = '', end] = /^-- (\w+): (permission denied|reads)\n/.exec(block) ?? []
    const run = roles.as(own(role), here(block))
    if (end === 'reads') await run
    else await expect(run, block).rejects.toThrow(/permission denied|must be owner/)
  }
})
