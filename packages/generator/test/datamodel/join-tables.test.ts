import { expect, it } from 'vitest'
import { auditSchema, DATASOURCE, resolveSchema } from './resolve-schema.ts'

const model = (name: string, annotation: string, ...fields: readonly string[]) =>
  `/// ${annotation}\nmodel ${name} {\n  ${fields.join('\n  ')}\n}\n`

const resolve = async (...models: readonly string[]) => resolveSchema(auditSchema(models.join('')))

async function joinTable(...models: readonly string[]) {
  const { model: audit, diagnostics } = await resolve(...models)
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  return audit.tables.find(({ source }) => source.name.startsWith('_'))
}

const columns = async (...models: readonly string[]) =>
  (await joinTable(...models))?.columns.map(
    ({ name, sourceName, type }) => `${sourceName ?? name} ${name} ${type.name}`,
  )

it('the join table of an audited model is audited, whichever side is, under readable names', async () => {
  const post = (annotation: string) => model('BlogPost', annotation, 'id Int @id', 'tags HTTPTag[]')
  const tag = (annotation: string) =>
    model('HTTPTag', annotation, 'key String @id @map("tagKey") @db.VarChar(30)', 'posts BlogPost[]')
  const expected = ['A blog_post_id integer', 'B http_tag_tag_key varchar']
  expect(await columns(post('@audit(enabled)'), tag('@audit(enabled)'))).toEqual(expected)
  expect(await columns(post('@audit(enabled)'), tag('no'))).toEqual(expected)
  expect(await columns(post('@audit(disabled)'), tag('@audit(enabled)'))).toEqual(expected)
  expect(await columns(post('no'), tag('no'))).toBeUndefined()
  expect((await joinTable(post('@audit(enabled)'), tag('no')))?.key).toEqual([
    'blog_post_id',
    'http_tag_tag_key',
  ])
})

it('@audit(exclude) above the field of either side leaves it out', async () => {
  for (const [tags, orders] of [
    ['/// @audit(exclude)\n  tags Tag[]', 'orders Order[]'],
    ['tags Tag[]', '/// @audit(exclude)\n  orders Order[]'],
  ] as const) {
    const found = await joinTable(
      model('Order', '@audit(enabled)', 'id Int @id', tags),
      model('Tag', '', 'id Int @id', orders),
    )
    expect(found).toBeUndefined()
  }
})

it('a relation of a model with itself names its columns by the fields that list them', async () => {
  const person = model(
    'Person',
    '@audit(enabled)',
    'id Int @id',
    'following Person[] @relation("Follows")',
    'followedBy Person[] @relation("Follows")',
  )
  expect(await columns(person)).toEqual(['A following_id integer', 'B followed_by_id integer'])
  // One UPDATE of a person's key changes both halves of a row's.
  expect((await joinTable(person))?.level).toBe('row')
})

it('names that would be one, or an own column of every history, stay as the models write them', async () => {
  const two = [
    model('AB', '@audit(enabled)', 'id Int @id', 'abs ab[]'),
    model('ab', '', 'id Int @id', 'abs AB[]'),
  ]
  expect(await columns(...two)).toEqual(['A AB_id integer', 'B ab_id integer'])
  const own = [
    model('Audit', '@audit(enabled)', 'id Int @id', 'tags Tag[]'),
    model('Tag', '', 'id Int @id', 'audits Audit[]'),
  ]
  expect(await columns(...own)).toEqual(['A Audit_id integer', 'B Tag_id integer'])
  const long = 'L'.repeat(62)
  const tooLong = [
    model(long, '@audit(enabled)', 'id Int @id', 'tags Tag[]'),
    model('Tag', '', 'id Int @id', `longs ${long}[]`),
  ]
  expect(await columns(...tooLong)).toEqual(['A A integer', 'B B integer'])
})

it('it carries the settings of both sides, the stricter of two, and what either asks for', async () => {
  const sides = (order: string, tag: string) =>
    joinTable(
      model('Order', `@audit(enabled, ${order})`, 'id Int @id', 'tags Tag[]'),
      model('Tag', `@audit(enabled, ${tag})`, 'id Int @id', 'orders Order[]'),
    )
  const settled = await sides(
    'sessionSettings: [who String?, why String?, job String @default("none")], facts: [client_addr]',
    'sessionSettings: [why String, job String?], facts: [application_name]',
  )
  expect(
    settled?.settings.map(({ name, required, fact, default: given }) => [name, required, given ?? fact]),
  ).toEqual([
    ['who', false, undefined],
    ['why', true, undefined],
    ['job', true, 'none'],
    ['client_addr', false, 'client_addr'],
    ['application_name', false, 'application_name'],
  ])
  const plain = 'truncate: record'
  expect(await sides(plain, plain)).toMatchObject({
    missingSettings: 'refuse',
    truncate: 'record',
    // One statement may change both halves of a row's key.
    level: 'row',
  })
  const stated = 'level: statement'
  expect(await sides(stated, stated)).toMatchObject({ level: 'statement' })
  expect(await sides(stated, plain)).toMatchObject({ level: 'row' })
  expect(await sides(stated, 'level: row')).toMatchObject({ level: 'row' })
  expect(await sides('missingSettings: record', 'missingSettings: record')).toMatchObject({
    missingSettings: 'record',
  })
  expect(await sides('missingSettings: record', plain)).toMatchObject({ missingSettings: 'refuse' })
  expect(await sides(plain, 'truncate: refuse')).toMatchObject({ truncate: 'refuse' })
  expect(await sides('level: row', plain)).toMatchObject({ level: 'row', updates: 'all' })
  expect(await sides(plain, 'updates: changed')).toMatchObject({ level: 'row', updates: 'all' })
  expect(await sides(plain, 'facts: [changed_columns]')).toMatchObject({ level: 'row' })
  expect(await sides(plain, 'backfill: true')).toMatchObject({ backfill: true, level: 'row' })
  expect(await sides('enableAlways: true, missingSettings: record', plain)).toMatchObject({
    enableAlways: true,
    level: 'row',
  })
})

it('of a side that is not audited nothing is asked: level: statement of the other one is enough', async () => {
  const found = await joinTable(
    model('Order', '@audit(enabled, level: statement)', 'id Int @id', 'tags Tag[]'),
    model('Tag', '', 'id Int @id', 'orders Order[]'),
  )
  expect(found?.level).toBe('statement')
})

it('it is in the schema of the model whose name comes first, and its name is cut as Prisma cuts it', async () => {
  const datasource = DATASOURCE.replace('"postgresql"', '"postgresql"\n  schemas = ["aaa", "shop"]')
  const relation = 'a_very_long_relation_name_that_goes_on_and_on_until_it_has_more_than_63_bytes'
  const text = auditSchema(
    [
      model(
        'Zebra',
        '@audit(enabled)',
        'id Int @id',
        `apples Apple[] @relation("${relation}")`,
        '@@schema("shop")',
      ),
      model(
        'Apple',
        '@audit(enabled)',
        'id Int @id',
        `zebras Zebra[] @relation("${relation}")`,
        '@@schema("aaa")',
      ),
    ].join(''),
  ).replace(DATASOURCE, datasource)
  const { model: audit } = await resolveSchema(text)
  expect(
    audit.tables.map(({ source, names }) => [source.schema, source.name, names.table.length]),
  ).toContainEqual(['aaa', '_a_very_long_relation_name_that_goes_on_and_on_until_it_has_mor', 63])
})
