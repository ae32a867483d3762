import internals from '@prisma/internals'
import { compile, foldMigrations, parseOptions } from 'prisma-generator-audit'
import { describe, expect, test } from 'vitest'
import { blocksOf, placeOf } from './documents/blocks.ts'
import { helpOf } from './documents/commands.ts'
import { mentionsOn, wrongWith } from './documents/mentions.ts'
import { allPages, documents, readPage } from './documents/pages.ts'
import { wholeSchema } from './documents/whole-schema.ts'

const commands = {
  'prisma-generator-audit': await helpOf('prisma-generator-audit'),
  'prisma-audit-viewer': await helpOf('prisma-audit-viewer'),
}

test('every command that a document names is there, and each of its flags', () => {
  const mentions = allPages.flatMap((page) => mentionsOn(page, commands['prisma-generator-audit']))
  expect(mentions.length).toBeGreaterThan(100)
  const wrong = mentions.map((mention) => ({
    ...mention,
    wrong: wrongWith(mention, commands[mention.program]),
  }))
  expect(
    wrong
      .filter((each) => each.wrong !== undefined)
      .map((each) => `${each.page}: ${each.text}: ${each.wrong}`),
  ).toEqual([])
})

test('every script of this repository that a document names is there', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readPage('package.json'))
  const named = allPages.flatMap((page) =>
    [...readPage(page).matchAll(/^npx --yes pnpm@[\d.]+ ([\w:-]+)/gm)].map(([, name = '']) => name),
  )
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
})

describe('Prisma takes every schema of the documents, and so does the generator', () => {
  const blocks = documents.flatMap(blocksOf).filter(({ language }) => language === 'prisma')
  test.each(blocks.map((block) => [placeOf(block), block] as const))('%s', async (_, { page, code }) => {
    const text = wholeSchema(code)
    const dmmf = await internals.getDMMF({ datamodel: text })
    const { generators, datasources } = await internals.getConfig({ datamodel: text })
    const { config = {} } = generators.find(({ name }) => name === 'audit') ?? {}
    const { options, diagnostics } = parseOptions(config)
    const compilation = compile({
      dmmf,
      schemaFiles: [{ path: 'prisma/schema.prisma', text }],
      options,
      datasourceSchemas: datasources[0]?.schemas ?? [],
      clientGenerators: [],
      folder: { files: [], database: await foldMigrations([]) },
    })
    // What is said of migrations, which there are none, says nothing of the schema; and a page may tell of a warning.
    const said = readPage(page)
    const problems = [...diagnostics, ...compilation.diagnostics].filter(
      ({ code: of, severity }) => /^AUD[1-5]/.test(of) && (severity === 'error' || !said.includes(of)),
    )
    expect(problems).toEqual([])
    expect(compilation.model.tables).not.toEqual([])
  })
})
