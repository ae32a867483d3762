import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { placeOf } from './documents/blocks.ts'
import { tsc, tsx, useCodeProject } from './documents/code-project.ts'
import { exampleOf, missingParts } from './documents/example-code.ts'
import { COMPARED, ILLUSTRATION, keyOf, NOT_RUN, RUN_ELSEWHERE } from './documents/exceptions.ts'
import { documents, readPage, repository } from './documents/pages.ts'

const { blocks, sources, project, database, run } = await useCodeProject()

test('every exception is of a block that is there, and every other test that runs a page', () => {
  const keys = new Set(blocks.map(keyOf))
  const exceptions = [...Object.keys(NOT_RUN), ...Object.keys(ILLUSTRATION)]
  expect(exceptions.filter((key) => !keys.has(key))).toEqual([])
  expect(Object.values(RUN_ELSEWHERE).filter((path) => !existsSync(join(repository, path)))).toEqual([])
})

test('a block without a language is output, and no code that nobody checks', () => {
  const unnamed = documents.flatMap((page) =>
    [...readPage(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
      .filter(([, language]) => language === '')
      .map(([, , text = '']) => ({ page, text })),
  )
  expect(unnamed.length).toBeGreaterThan(5)
  expect(
    unnamed.filter(({ text }) => /^(import|export|const|await|SELECT|CREATE|model|generator) /m.test(text)),
  ).toEqual([])
})

describe('TypeScript', () => {
  test('every block is checked by TypeScript, against the packages as they are built', async () => {
    const configuration = {
      compilerOptions: {
        ...{ strict: true, noEmit: true, skipLibCheck: true, allowImportingTsExtensions: true },
        ...{ module: 'preserve', target: 'es2023', lib: ['es2023'], types: ['node'] },
      },
      files: ['surroundings.ts', 'runner.ts', ...sources.map(({ path }) => path)],
    }
    await project.write('tsconfig.json', JSON.stringify(configuration))
    const { output } = await run([tsc, '-p', '.', '--pretty', 'false'])
    expect(sources.length).toBeGreaterThan(40)
    expect(withPlaces(output)).toEqual('')
  })

  test('every block that is copied from an example stands there', () => {
    const copied = blocks.filter((block) => exampleOf(block) !== undefined)
    expect(copied.length).toBeGreaterThan(5)
    expect(
      copied
        .map((block) => ({ place: placeOf(block), missing: missingParts(block) }))
        .filter(({ missing }) => missing.length > 0),
    ).toEqual([])
  })

  test('every other block runs', async () => {
    const wanted = sources.filter(
      ({ block }) =>
        !(block.file !== undefined && Object.hasOwn(RUN_ELSEWHERE, block.page)) &&
        !Object.hasOwn(NOT_RUN, keyOf(block)),
    )
    const { output } = await run([
      '--import',
      tsx,
      'runner.ts',
      JSON.stringify(wanted.map(({ path }) => path)),
    ])
    const told = output.split('\n').filter((line) => line.startsWith('{"file"'))
    const results: { file: string; problem: string | null }[] = told.map((line) => JSON.parse(line))
    expect(results.filter(({ problem }) => problem !== null)).toEqual([])
    expect({ ran: results.length, output }).toMatchObject({ ran: wanted.length })
    const written = await database.query(
      `SELECT DISTINCT audit_username, audit_reason FROM audit."Order_audit" WHERE audit_reason IS NOT NULL ORDER BY 2`,
    )
    expect(written).toEqual(
      expect.arrayContaining([
        { audit_username: 'ann', audit_reason: 'job:import, ordered by ann' },
        { audit_username: 'ann', audit_reason: 'refund #42' },
        { audit_username: 'ann', audit_reason: 'undo, ticket 4711' },
        { audit_username: 'ann', audit_reason: 'undo, ticket 4712' },
      ]),
    )
  })
})

describe('SQL', () => {
  const wanted = blocks.filter(
    (block) =>
      block.language === 'sql' &&
      !Object.hasOwn(RUN_ELSEWHERE, block.page) &&
      !Object.hasOwn(ILLUSTRATION, keyOf(block)) &&
      !(block.page === COMPARED.page && COMPARED.code.test(block.code)),
  )

  test.each(wanted.map((block) => [placeOf(block), block] as const))('%s runs', async (_, { code }) => {
    // Nothing stays: the next block finds what this one has found. What ends its transaction itself begins one, too.
    const client = await database.pool({ max: 1 }).connect()
    try {
      await client.query('BEGIN')
      await client.query(code)
    } finally {
      await client.query('ROLLBACK')
      client.release(true)
    }
  })
})

test('the role of one tenant sees its rows and no other, whatever it sets', async () => {
  const block = blocks.find(({ code }) => code.includes('CREATE POLICY only_acme'))
  const client = await database.pool({ max: 1 }).connect()
  try {
    await client.query(`BEGIN; SELECT set_config('audit.username', 'ann', true);
      INSERT INTO "Order" (tenant_id) VALUES ('acme'), ('other')`)
    await client.query(block?.code ?? '')
    await client.query(`SET LOCAL ROLE reader_acme; SET LOCAL audit.tenant_id = 'other'`)
    const { rows } = await client.query('SELECT DISTINCT tenant_id FROM audit."Order_audit"')
    expect(rows).toEqual([{ tenant_id: 'acme' }])
  } finally {
    await client.query('ROLLBACK')
    client.release(true)
  }
})

/** Errors at the lines of the documents. */
function withPlaces(output: string): string {
  return output.replaceAll(/^(pages\/\S+?)\((\d+),/gm, (whole, path: string, line: string) => {
    const source = sources.find((each) => each.path === path)
    return source === undefined
      ? whole
      : `${source.block.page}:${source.block.line + Number(line) - 1} (${path},`
  })
}
