import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderTypedModule } from '../../src/typescript/render-typed-module.ts'
import { auditSchema, resolveSchema } from '../datamodel/resolve-schema.ts'

const repository = fileURLToPath(new URL('../../../..', import.meta.url))
const run = promisify(execFile)

const audited = (name: string, options = 'enabled') =>
  `/// @audit(${options})\nmodel ${name} {\n  id Int @id\n}\n`

/** Golden files by name: the models, and the generator's options. */
const CASES = {
  'no-settings': [audited('Order'), ''],
  'every-type': [
    audited('Order'),
    `  sessionSettings = ["username String", "age Int", "counter BigInt?", "ratio Float?", "urgent Boolean?", "at DateTime?", "amount Decimal?", "request_id String @db.Uuid", "details Json?", "kept String @default(\\"system\\")"]`,
  ],
  'by-model': [
    audited('Order') +
      audited('Item', 'enabled, sessionSettings: [zone String, approver Int?]') +
      audited('Log', 'enabled, sessionSettings: [approver Int]'),
    '  sessionSettings = ["username String", "reason String?"]',
  ],
  'not-used-yet': ['model Order {\n  id Int @id\n}\n', '  sessionSettings = ["username String"]'],
} as const

async function render(name: keyof typeof CASES) {
  const [models, options] = CASES[name]
  const { model, options: parsed, text } = await resolveSchema(auditSchema(models, options))
  expect(text.includes('error')).toBe(false)
  const [file, ...more] = renderTypedModule({ model, histories: [], options: parsed, clientGenerators: [] })
  expect(more.map((each) => each.path)).toEqual(['history.ts', 'installation.ts'])
  return { path: file?.path, text: file?.text ?? '' }
}

const NAMES = Object.keys(CASES) as (keyof typeof CASES)[]

test.each(NAMES)('the typed module of %s is the golden file, each time', async (name) => {
  const { path, text } = await render(name)
  expect(path).toBe('index.ts')
  await expect(text).toMatchFileSnapshot(`../golden/typescript/${name}.ts`)
  expect((await render(name)).text).toBe(text)
})

test('facts are not asked of the context: PostgreSQL knows them', async () => {
  const facts = '  facts = ["client_addr", "application_name", "changed_columns"]'
  const without = await resolveSchema(auditSchema(audited('Order')))
  const withFacts = await resolveSchema(auditSchema(audited('Order'), facts))
  const [plain, factual] = [without, withFacts].map(({ model, options }) =>
    renderTypedModule({ model, histories: [], options, clientGenerators: [] }),
  )
  expect(withFacts.model.tables[0]?.settings.map(({ name }) => name)).toEqual([
    'client_addr',
    'application_name',
    'changed_columns',
  ])
  expect(factual).toEqual(plain)
})

test("the file's extension follows the client generator's", async () => {
  const { model, options } = await resolveSchema(auditSchema(audited('Order')))
  const paths = (...extensions: string[]) =>
    renderTypedModule({
      model,
      histories: [],
      options,
      clientGenerators: extensions.map((generatedFileExtension) => ({
        provider: 'prisma-client',
        generatedFileExtension,
      })),
    }).map(({ path }) => path)
  expect(paths('mts')).toEqual(['index.mts', 'history.mts', 'installation.mts'])
  expect(paths('cts')).toEqual(['index.cts', 'history.cts', 'installation.cts'])
  expect(paths('exe')).toEqual(['index.ts', 'history.ts', 'installation.ts'])
})

/** What must compile, and, under each expectation, what must not. */
const usage = (extension: string) => `import { auditContext as none } from './no-settings${extension}'
import { type AuditContext, AuditContextError, auditContext, auditSettings } from './every-type${extension}'
import { auditContext as byModel } from './by-model${extension}'
import { auditContext as unused } from './not-used-yet${extension}'
import { withAuditContext, type PgClient } from 'prisma-extension-audit'

const required = { username: 'ann', age: 1, request_id: '7d9f3c52-6d0e-4f5b-9c11-3a1f5e0b8a77' }
const full: AuditContext = {
  ...required, counter: 1n, ratio: 0.5, urgent: true, at: new Date(0), amount: '1.50', details: { a: [1, null] }, kept: null,
}
auditContext(full)
auditContext(required)
auditContext({ ...required, counter: undefined, kept: undefined })
auditContext(() => full)
auditContext(() => undefined)
none({})
unused({})
unused({ username: 'ann' })
byModel({ username: 'ann', zone: 'eu', approver: 1 })
declare const client: PgClient
withAuditContext(client, full, async () => {}, { settings: auditSettings })
export const isError = (error: unknown) => error instanceof AuditContextError

// @ts-expect-error a required setting is left out
auditContext({ username: 'ann', age: 1 })
// @ts-expect-error a required setting is null
auditContext({ ...required, username: null })
// @ts-expect-error an unknown setting
auditContext({ username: 'ann', age: 1, request_id: 'x', usrname: 'ann' })
// @ts-expect-error a wrong type
auditContext({ ...required, age: '1' })
// @ts-expect-error a number where a bigint is meant
auditContext({ ...required, counter: 1 })
// @ts-expect-error a string where a Date is meant
auditContext({ ...required, at: '2026-01-01' })
// @ts-expect-error no JSON
auditContext({ ...required, details: { a: () => 1 } })
// @ts-expect-error a function that gives a wrong context
auditContext(() => ({ username: 'ann' }))
// @ts-expect-error nothing is known
none({ username: 'ann' })
// @ts-expect-error approver is required by one of the models
byModel({ username: 'ann', zone: 'eu' })
`

describe('the typed module compiles, and wrong contexts do not', () => {
  let dir: string
  beforeAll(async () => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), 'prisma-audit-typed-')))
    mkdirSync(join(dir, 'node_modules/@prisma'), { recursive: true })
    const link = (target: string, name: string) =>
      symlinkSync(join(repository, target), join(dir, 'node_modules', name))
    link('packages/client-extension', 'prisma-extension-audit')
    link('node_modules/@prisma/client', '@prisma/client')
    for (const name of NAMES) writeFileSync(join(dir, `${name}.ts`), (await render(name)).text)
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  test.each([
    ['ESM, nodenext', 'module', 'nodenext', '.js'],
    ['ESM, node16', 'module', 'node16', '.js'],
    ['CommonJS, node16', 'commonjs', 'node16', '.js'],
    ['a bundler', 'module', 'esnext', ''],
    ['TypeScript extensions', 'module', 'nodenext', '.ts'],
  ])('%s', async (_, type, module, extension) => {
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ type }))
    writeFileSync(join(dir, 'usage.ts'), usage(extension))
    const compilerOptions = {
      target: 'es2022',
      module,
      moduleResolution: module === 'esnext' ? 'bundler' : module,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      declaration: true,
      skipLibCheck: false,
      types: [],
      noEmit: true,
      allowImportingTsExtensions: true,
    }
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
    const tsc = join(repository, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [tsc, '-p', dir]).catch(
      (error: { stdout: string }) => error,
    )
    expect(stdout).toBe('')
  })
})
