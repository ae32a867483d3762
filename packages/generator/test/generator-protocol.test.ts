import { PassThrough } from 'node:stream'
import type { GeneratorOptions } from '@prisma/generator'
import internals from '@prisma/internals'
import { expect, test } from 'vitest'
import { type GeneratorHandlers, parseRequest, serveGenerator } from '../src/generator-protocol.ts'

const request = (id: number, method: string, params: unknown = {}) =>
  `${JSON.stringify({ jsonrpc: '2.0', method, params, id })}\n`

/** Pieces so short that every mark is cut somewhere. */
const cut = (text: string, length = 11): Buffer[] => {
  const bytes = Buffer.from(text)
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, n) =>
    bytes.subarray(n * length, (n + 1) * length),
  )
}

/** Speaks to the generator as Prisma does, the text cut into pieces, and gives its answers. */
async function speak(text: string, handlers: Partial<GeneratorHandlers>, pieces = 7): Promise<unknown[]> {
  const input = new PassThrough()
  const answers: unknown[] = []
  serveGenerator({ manifest: () => ({}), generate: async () => undefined, ...handlers }, input, (line) =>
    answers.push(JSON.parse(line)),
  )
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += pieces) input.write(bytes.subarray(at, at + pieces))
  await new Promise((resolve) => input.end(() => setImmediate(resolve)))
  return answers
}

test('the manifest and the generation are answered, however the text is cut', async () => {
  const text = request(1, 'getManifest') + request(2, 'generate', { schemaPath: 'größe ☃.prisma' })
  for (const pieces of [1, 3, 64, 10_000]) {
    const seen: string[] = []
    const answers = await speak(
      text,
      {
        manifest: () => ({ prettyName: 'Audit' }),
        generate: async ({ schemaPath }) => void seen.push(schemaPath),
      },
      pieces,
    )
    expect(answers).toEqual([
      { jsonrpc: '2.0', id: 1, result: { manifest: { prettyName: 'Audit' } } },
      { jsonrpc: '2.0', id: 2, result: null },
    ])
    expect(seen).toEqual(['größe ☃.prisma'])
  }
})

test('an error is answered with its message, and the generator lives on', async () => {
  const generate = async () => {
    throw new Error('no such table')
  }
  const answers = await speak(request(1, 'generate') + request(2, 'getManifest'), { generate })
  expect(answers).toContainEqual({
    jsonrpc: '2.0',
    id: 1,
    error: { code: -32000, message: 'no such table', data: { stack: expect.any(String) } },
  })
  expect(answers).toContainEqual({ jsonrpc: '2.0', id: 2, result: { manifest: {} } })
})

test("a request is read whole but for the client's query schema", async () => {
  const trap = ',"schema":{"inputObjectTypes" ,"mappings":{"modelOperations"'
  const dmmf = await internals.getDMMF({
    datamodel: `/// ${trap}\nmodel Order {\n  id Int @id\n  note String @default(${JSON.stringify(trap)})\n}\n`,
  })
  const sent = { dmmf, datamodel: trap, version: 'x' }
  const { params } = parseRequest(cut(request(1, 'generate', sent))) as { params: GeneratorOptions }
  expect(params.dmmf.datamodel).toEqual(JSON.parse(JSON.stringify(dmmf.datamodel)))
  expect(params.dmmf.mappings).toEqual(JSON.parse(JSON.stringify(dmmf.mappings)))
  expect(params.dmmf.schema).toBeUndefined()
  expect(params.datamodel).toBe(trap)
})

test('a request of another shape is read whole', () => {
  const sent = { dmmf: { datamodel: {}, schema: { somethingNew: 1 } } }
  expect(parseRequest(cut(request(1, 'generate', sent))).params).toEqual(sent)
})
