import { describe, expect, test } from 'vitest'
import { compileProject } from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

const models = (post = 'Post', annotation = '@audit(enabled)', ofTag = '@audit(enabled)') =>
  `/// ${annotation}
model ${post} {
  id Int @id
  tags Tag[] @relation("Tags")
}
/// ${ofTag}
model Tag {
  name String @id
  posts ${post}[] @relation("Tags")
}
`
/** As Prisma writes it. */
const init = `CREATE TABLE "Post" ("id" INTEGER NOT NULL, CONSTRAINT "Post_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Tag" ("name" TEXT NOT NULL, CONSTRAINT "Tag_pkey" PRIMARY KEY ("name"));
CREATE TABLE "_Tags" ("A" INTEGER NOT NULL, "B" TEXT NOT NULL, CONSTRAINT "_Tags_AB_pkey" PRIMARY KEY ("A","B"));
CREATE INDEX "_Tags_B_index" ON "_Tags"("B");
ALTER TABLE "_Tags" ADD CONSTRAINT "_Tags_A_fkey" FOREIGN KEY ("A") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_Tags" ADD CONSTRAINT "_Tags_B_fkey" FOREIGN KEY ("B") REFERENCES "Tag"("name") ON DELETE CASCADE ON UPDATE CASCADE;
`
const start = { '20260101000000_init': init }
const rows = `INSERT INTO "Post" VALUES (1), (2); INSERT INTO "Tag" VALUES ('a'), ('b')`
const entry = (op: string, id: number, name: string) => ({ op, post_id: id, tag_name: name })
const tags = 'audit."_Tags_audit"'

const shared = {
  'independent keys': 'id Int @id',
  'a key that is a foreign key to the other side': `id Int @id
  post Post @relation("Own", fields: [id], references: [id])`,
} as const
const change = {
  'independent keys':
    'WITH a AS (UPDATE "Post" SET id = 2 WHERE id = 1) UPDATE "Tag" SET id = 2 WHERE id = 1',
  'a key that is a foreign key to the other side': 'UPDATE "Post" SET id = 2',
} as const

test.each(['independent keys', 'a key that is a foreign key to the other side'] as const)(
  'one statement that changes both halves of a key, of two models with %s, leaves one connection alive',
  async (kind) => {
    const isOwn = kind !== 'independent keys'
    const schema = schemaWith(`/// @audit(enabled)
model Post {
  id Int @id
  tags Tag[] @relation("Tags")
  ${isOwn ? 'own Tag? @relation("Own")' : ''}
}
model Tag {
  ${shared[kind]}
  posts Post[] @relation("Tags")
}
`)
    const tables = init
      .replace('"name" TEXT', '"id" INTEGER')
      .replace('("name"))', '("id"))')
      .replace('"B" TEXT', '"B" INTEGER')
      .replace('"Tag"("name")', '"Tag"("id")')
    // Prisma writes the models' foreign keys before those of the join tables.
    const folder = {
      '20260101000000_init': tables.replace(
        'ALTER TABLE',
        `${isOwn ? 'ALTER TABLE "Tag" ADD CONSTRAINT "Tag_id_fkey" FOREIGN KEY ("id") REFERENCES "Post"("id") ON DELETE RESTRICT ON UPDATE CASCADE;\n' : ''}ALTER TABLE`,
      ),
    }
    const { done } = await followed(schema, folder, '20260102000000')
    const database = await apply(done, {
      '20260102': `INSERT INTO "Post" VALUES (1); INSERT INTO "Tag" VALUES (1); INSERT INTO "_Tags" VALUES (1, 1)`,
    })
    await database.query(change[kind])
    const alive = await database.query(
      `SELECT post_id, tag_id FROM (
         SELECT DISTINCT ON (post_id, tag_id) * FROM ${tags} ORDER BY post_id, tag_id, audit_id DESC
       ) AS last WHERE audit_operation <> 'D'`,
    )
    expect(alive).toEqual([{ post_id: 2, tag_id: 2 }])
    await database.drop()
  },
)

describe.each(['statement', 'row'])('level: %s', (level) => {
  const annotation = `@audit(enabled, level: ${level})`
  const schema = schemaWith(models('Post', annotation, annotation))

  test('who connects and disconnects is recorded, cascades, changed keys and TRUNCATE included', async () => {
    const { done } = await followed(schema, start, '20260102000000')
    const database = await apply(done, {
      '20260102': `${rows}; INSERT INTO "_Tags" VALUES (1, 'a'), (1, 'b'), (2, 'a');
        INSERT INTO "_Tags" VALUES (1, 'a') ON CONFLICT DO NOTHING; DELETE FROM "_Tags" WHERE "A" = 1 AND "B" = 'b';
        UPDATE "Tag" SET name = 'c' WHERE name = 'a'; DELETE FROM "Post" WHERE id = 2; TRUNCATE "Post" CASCADE`,
    })
    const found = await history(database, tags, 'post_id', 'tag_name')
    expect(found.slice(0, 4)).toEqual([
      entry('I', 1, 'a'),
      entry('I', 1, 'b'),
      entry('I', 2, 'a'),
      entry('D', 1, 'b'),
    ])
    // Each row under its old key ends before it goes on under its new one, whichever row comes first.
    for (const id of [1, 2]) {
      expect(found.slice(4, 8).filter((row) => row.post_id === id)).toEqual([
        entry('D', id, 'a'),
        entry('U', id, 'c'),
      ])
    }
    expect(found.slice(8)).toEqual([entry('D', 2, 'c'), entry('D', 1, 'c')])
    await database.drop()
  })

  test('two rows of a deferrable key that exchange their keys are both there afterwards', async () => {
    const { done } = await followed(schema, start, '20260102000000')
    const database = await apply(done, {
      '20260102': `${rows}; ALTER TABLE "_Tags" DROP CONSTRAINT "_Tags_AB_pkey",
        ADD CONSTRAINT "_Tags_AB_pkey" PRIMARY KEY ("A", "B") DEFERRABLE;
        INSERT INTO "_Tags" VALUES (1, 'a'), (2, 'a'); UPDATE "_Tags" SET "A" = 3 - "A"`,
    })
    const found = await history(database, tags, 'post_id', 'tag_name')
    for (const id of [1, 2]) {
      const own = found.filter((row) => row.post_id === id)
      expect(own.at(-1)).toEqual(entry('U', id, 'a'))
    }
    await database.drop()
  })
})

test('a row that connects one with itself has its key changed twice by one statement, and is alive under the last one', async () => {
  const schema = schemaWith(`/// @audit(enabled)
model Person {
  id Int @id
  following Person[] @relation("Follows")
  followedBy Person[] @relation("Follows")
}
`)
  const tables = `CREATE TABLE "Person" ("id" INTEGER NOT NULL, CONSTRAINT "Person_pkey" PRIMARY KEY ("id"));
CREATE TABLE "_Follows" ("A" INTEGER NOT NULL, "B" INTEGER NOT NULL, CONSTRAINT "_Follows_AB_pkey" PRIMARY KEY ("A","B"));
ALTER TABLE "_Follows" ADD CONSTRAINT "_Follows_A_fkey" FOREIGN KEY ("A") REFERENCES "Person"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_Follows" ADD CONSTRAINT "_Follows_B_fkey" FOREIGN KEY ("B") REFERENCES "Person"("id") ON DELETE CASCADE ON UPDATE CASCADE;
`
  const { done } = await followed(schema, { '20260101000000_init': tables }, '20260102000000')
  const database = await apply(done, {
    '20260102': `INSERT INTO "Person" VALUES (1); INSERT INTO "_Follows" VALUES (1, 1); UPDATE "Person" SET id = 2`,
  })
  const found = await history(database, 'audit."_Follows_audit"', 'following_id', 'followed_by_id')
  expect(found.map((row) => [row.op, row.following_id, row.followed_by_id].join(' '))).toEqual([
    'I 1 1',
    'D 1 1',
    'U 2 1',
    'D 2 1',
    'U 2 2',
  ])
  await database.drop()
})

test('a project that was audited before gets them in its next migration, with a baseline where it asks for one', async () => {
  const schema = schemaWith(models())
  const excluded = schemaWith(models().replaceAll('  tags', '  /// @audit(exclude)\n  tags'))
  const folder = await audited(excluded, init)
  const { project, done } = await followed(
    schemaWith(models('Post', '@audit(enabled, backfill: true)')),
    folder,
  )
  expect(steps(project)).toEqual(['changeBackfill Post', 'createAuditTable _Tags'])
  const database = await apply(done, {
    '20260101': `${rows}; INSERT INTO "_Tags" VALUES (1, 'a')`,
    '20260104': `DELETE FROM "Post"`,
  })
  expect(await history(database, tags, 'post_id', 'tag_name')).toEqual([
    entry('B', 1, 'a'),
    entry('D', 1, 'a'),
  ])
  await database.drop()
  const { project: left } = await followed(excluded, (await followed(schema, folder)).done, '20260105000000')
  expect(steps(left)).toEqual(['retireTable _Tags'])
})

test('a model that gets another name, and with it a column of the history, goes on with that', async () => {
  const folder = {
    ...(await audited(schemaWith(models()), init)),
    '20260103000000_article': 'ALTER TABLE "Post" RENAME TO "Article";\n',
  }
  const { project, done } = await followed(schemaWith(models('Article')), folder)
  expect(steps(project)).toEqual([
    'renameTable public.Post -> public.Article',
    'renameObjects Article -> audit.Article_audit',
    'renameColumn post_id -> article_id',
  ])
  const database = await apply(done, {
    '20260102': `${rows}; INSERT INTO "_Tags" VALUES (1, 'a')`,
    '20260104': `INSERT INTO "_Tags" VALUES (2, 'b'); UPDATE "Article" SET id = 3 WHERE id = 1`,
  })
  expect(await history(database, tags, 'article_id', 'tag_name')).toEqual([
    { op: 'I', article_id: 1, tag_name: 'a' },
    { op: 'I', article_id: 2, tag_name: 'b' },
    { op: 'D', article_id: 1, tag_name: 'a' },
    { op: 'U', article_id: 3, tag_name: 'a' },
  ])
  // And back, by down.sql: the functions write the column under its former name.
  await database.query(project.migration?.downSql ?? '')
  await database.query(`ALTER TABLE "Article" RENAME TO "Post"; INSERT INTO "_Tags" VALUES (2, 'a')`)
  expect((await history(database, tags, 'post_id', 'tag_name')).at(-1)).toEqual(entry('I', 2, 'a'))
  await database.drop()
})

test('A and B that change places keep each name with its meaning', async () => {
  const folder = {
    ...(await audited(schemaWith(models()), init)),
    '20260103000000_zettel': `TRUNCATE "_Tags"; ALTER TABLE "Post" RENAME TO "Zettel";
ALTER TABLE "_Tags" RENAME COLUMN "A" TO "C";
ALTER TABLE "_Tags" RENAME COLUMN "B" TO "A";
ALTER TABLE "_Tags" RENAME COLUMN "C" TO "B";
`,
  }
  const { project, done } = await followed(schemaWith(models('Zettel')), folder)
  expect(steps(project)).toContain('renameColumn post_id -> zettel_id')
  const database = await apply(done, {
    '20260102': `${rows}; INSERT INTO "_Tags" VALUES (1, 'a')`,
    '20260104': `INSERT INTO "_Tags" ("A", "B") VALUES ('b', 2); UPDATE "Tag" SET name = 'c' WHERE name = 'b'`,
  })
  expect(await history(database, tags, 'zettel_id', 'tag_name')).toEqual([
    { op: 'I', zettel_id: 1, tag_name: 'a' },
    { op: 'D', zettel_id: 1, tag_name: 'a' },
    { op: 'I', zettel_id: 2, tag_name: 'b' },
    { op: 'D', zettel_id: 2, tag_name: 'b' },
    { op: 'U', zettel_id: 2, tag_name: 'c' },
  ])
  await database.drop()
})

/** Models with numbers as keys, so that no type tells which is which. */
const pair = (a: string, b: string, maps: { readonly a?: string; readonly b?: string } = {}) => {
  const model = (name: string, other: string, table: string | undefined) => `/// @audit(enabled)
model ${name} {
  id Int @id
  others ${other}[] @relation("Link")
  ${table === undefined ? '' : `@@map("${table}")`}
}
`
  return schemaWith(model(a, b, maps.a) + model(b, a, maps.b))
}
const linkOf = (
  a: string,
  b: string,
) => `CREATE TABLE "${a}" ("id" INTEGER NOT NULL, CONSTRAINT "${a}_pkey" PRIMARY KEY ("id"));
CREATE TABLE "${b}" ("id" INTEGER NOT NULL, CONSTRAINT "${b}_pkey" PRIMARY KEY ("id"));
CREATE TABLE "_Link" ("A" INTEGER NOT NULL, "B" INTEGER NOT NULL, CONSTRAINT "_Link_AB_pkey" PRIMARY KEY ("A","B"));
ALTER TABLE "_Link" ADD CONSTRAINT "_Link_A_fkey" FOREIGN KEY ("A") REFERENCES "${a}"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_Link" ADD CONSTRAINT "_Link_B_fkey" FOREIGN KEY ("B") REFERENCES "${b}"("id") ON DELETE CASCADE ON UPDATE CASCADE;
`
const link = 'audit."_Link_audit"'

test('the names of A and B that move along a chain of models stay with the values that they were recorded with', async () => {
  const folder = await audited(pair('Alpha', 'Beta'), linkOf('Alpha', 'Beta'))
  const { project, done } = await followed(pair('Beta', 'Gamma', { a: 'Alpha', b: 'Beta' }), {
    ...folder,
    '20260103000000_nothing': 'SELECT 1;\n',
  })
  expect(steps(project).filter((step) => /_Link|Column/.test(step))).toEqual([
    'renameColumn beta_id -> gamma_id',
    'renameColumn alpha_id -> beta_id',
  ])
  const database = await apply(done, {
    '20260102': `INSERT INTO "Alpha" VALUES (1); INSERT INTO "Beta" VALUES (10); INSERT INTO "_Link" VALUES (1, 10)`,
    '20260104': `DELETE FROM "_Link"`,
  })
  expect(await history(database, link, 'beta_id', 'gamma_id')).toEqual([
    { op: 'I', beta_id: 1, gamma_id: 10 },
    { op: 'D', beta_id: 1, gamma_id: 10 },
  ])
  await database.query(project.migration?.downSql ?? '')
  await database.query(`INSERT INTO "_Link" VALUES (1, 10)`)
  expect((await history(database, link, 'alpha_id', 'beta_id')).at(-1)).toEqual({
    op: 'I',
    alpha_id: 1,
    beta_id: 10,
  })
  await database.drop()
})

test('a field of a relation with itself that changes its place in the alphabet goes on with its rows', async () => {
  const person = (one: string, other: string) =>
    schemaWith(`/// @audit(enabled)
model Person {
  id Int @id
  ${one} Person[] @relation("Link")
  ${other} Person[] @relation("Link")
}
`)
  const tables = linkOf('Person', 'Other')
    .replace(/CREATE TABLE "Other".*\n/, '')
    .replace('"Other"("id")', '"Person"("id")')
  const folder = await audited(person('following', 'followedBy'), tables)
  const { project, done } = await followed(person('following', 'zFollowedBy'), {
    ...folder,
    '20260103000000_nothing': 'SELECT 1;\n',
  })
  // Prisma reads the former rows the other way round now, and so does whoever reads the history.
  expect(steps(project).filter((step) => step.startsWith('renameColumn'))).toEqual([
    'renameColumn following_id -> z_followed_by_id',
    'renameColumn followed_by_id -> following_id',
  ])
  const database = await apply(done, {
    '20260102': `INSERT INTO "Person" VALUES (1), (2); INSERT INTO "_Link" VALUES (1, 2)`,
    '20260104': `DELETE FROM "_Link"`,
  })
  const [inserted, deleted, ...more] = await history(database, link, 'following_id', 'z_followed_by_id')
  expect(more).toEqual([])
  expect(deleted).toEqual({ ...inserted, op: 'D' })
  await database.drop()
})

test('A that holds the keys of other rows by now begins a column of its own, and so does B', async () => {
  const folder = {
    ...(await audited(pair('Post', 'Tag'), linkOf('Post', 'Tag'))),
    '20260103000000_zettel': `DELETE FROM "_Link";
ALTER TABLE "_Link" DROP CONSTRAINT "_Link_A_fkey"; ALTER TABLE "_Link" DROP CONSTRAINT "_Link_B_fkey";
ALTER TABLE "_Link" ADD CONSTRAINT "_Link_A_fkey" FOREIGN KEY ("A") REFERENCES "Tag"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_Link" ADD CONSTRAINT "_Link_B_fkey" FOREIGN KEY ("B") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;
`,
  }
  const { done } = await followed(pair('Zettel', 'Tag', { a: 'Post' }), folder)
  const database = await apply(done, {
    '20260102': `INSERT INTO "Post" VALUES (1); INSERT INTO "Tag" VALUES (10); INSERT INTO "_Link" VALUES (1, 10)`,
    '20260104': `INSERT INTO "_Link" VALUES (10, 1)`,
  })
  expect(await history(database, link, 'post_id', 'tag_id__2', 'tag_id', 'zettel_id')).toEqual([
    { op: 'I', post_id: 1, tag_id__2: 10, tag_id: null, zettel_id: null },
    { op: 'D', post_id: 1, tag_id__2: 10, tag_id: null, zettel_id: null },
    { op: 'I', post_id: null, tag_id__2: null, tag_id: 10, zettel_id: 1 },
  ])
  await database.drop()
})

test('models that exchange their names keep each name of the history with one meaning', async () => {
  const folder = {
    ...(await audited(pair('Post', 'Tag'), linkOf('Post', 'Tag'))),
    '20260103000000_exchange': `DELETE FROM "_Link"; ALTER TABLE "_Link" DROP CONSTRAINT "_Link_A_fkey", DROP CONSTRAINT "_Link_B_fkey";
ALTER TABLE "_Link" ADD CONSTRAINT "_Link_A_fkey" FOREIGN KEY ("A") REFERENCES "Tag"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_Link" ADD CONSTRAINT "_Link_B_fkey" FOREIGN KEY ("B") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;
`,
  }
  const { done } = await followed(pair('Post', 'Tag', { a: 'Tag', b: 'Post' }), folder)
  const database = await apply(done, {
    '20260102': `INSERT INTO "Post" VALUES (1); INSERT INTO "Tag" VALUES (10); INSERT INTO "_Link" VALUES (1, 10)`,
    '20260104': `INSERT INTO "_Link" VALUES (10, 1)`,
  })
  expect(await history(database, link, 'post_id', 'tag_id', 'post_id__2', 'tag_id__2')).toEqual([
    { op: 'I', post_id: null, tag_id: null, post_id__2: 1, tag_id__2: 10 },
    { op: 'D', post_id: null, tag_id: null, post_id__2: 1, tag_id__2: 10 },
    { op: 'I', post_id: 10, tag_id: 1, post_id__2: null, tag_id__2: null },
  ])
  await database.drop()
})

test.each([
  ['A', 'B'],
  ['post_id', 'tag_id'],
])(
  'an explicit model that says that its columns were called %s and %s goes on with the history',
  async (a, b) => {
    const explicit = schemaWith(`/// @audit(enabled)
model Post {
  id Int @id
  tags PostTag[]
}
/// @audit(enabled)
model Tag {
  id Int @id
  posts PostTag[]
}
/// @audit(enabled, renamedFrom: "_Link")
model PostTag {
  post Post @relation(fields: [postId], references: [id])
  /// @audit(renamedFrom: "${a}")
  postId Int
  tag Tag @relation(fields: [tagId], references: [id])
  /// @audit(renamedFrom: "${b}")
  tagId Int
  @@id([postId, tagId])
}
`)
    const folder = {
      ...(await audited(pair('Post', 'Tag'), linkOf('Post', 'Tag'))),
      '20260103000000_explicit': `CREATE TABLE "PostTag" ("postId" INTEGER NOT NULL, "tagId" INTEGER NOT NULL, CONSTRAINT "PostTag_pkey" PRIMARY KEY ("postId", "tagId"));
INSERT INTO "PostTag" SELECT "A", "B" FROM "_Link";
DROP TABLE "_Link";
`,
    }
    const { project, done } = await followed(explicit, folder)
    expect(project.text).not.toContain('AUD609')
    const database = await apply(done, {
      '20260102': `INSERT INTO "Post" VALUES (1); INSERT INTO "Tag" VALUES (10); INSERT INTO "_Link" VALUES (1, 10)`,
      '20260104': `DELETE FROM "PostTag"`,
    })
    expect(await history(database, 'audit."PostTag_audit"', 'postId', 'tagId')).toEqual([
      { op: 'I', postId: 1, tagId: 10 },
      { op: 'D', postId: 1, tagId: 10 },
    ])
    await database.drop()
  },
)

test('a key of another type gives its column of the history another one', async () => {
  const folder = {
    ...(await audited(schemaWith(models()), init)),
    '20260103000000_bigint': `DROP TRIGGER "audit_key" ON "_Tags"; DROP TRIGGER "audit_key" ON "Post";
ALTER TABLE "_Tags" ALTER COLUMN "A" TYPE TEXT; ALTER TABLE "Post" ALTER COLUMN "id" TYPE TEXT;
`.replace(
      'ALTER TABLE "_Tags" ALTER',
      'ALTER TABLE "_Tags" DROP CONSTRAINT "_Tags_A_fkey"; ALTER TABLE "_Tags" ALTER',
    ),
  }
  const { project, done } = await followed(schemaWith(models().replace('id Int', 'id String')), folder)
  expect(steps(project)).toEqual(
    expect.arrayContaining([
      'retireColumn post_id',
      'setAsideColumn post_id -> post_id__2',
      'addColumn post_id',
    ]),
  )
  const database = await apply(done, {
    '20260102': `${rows}; INSERT INTO "_Tags" VALUES (1, 'a')`,
    '20260104': `UPDATE "_Tags" SET "A" = 'one'`,
  })
  expect(await history(database, tags, 'post_id', 'post_id__2', 'tag_name')).toEqual([
    { op: 'I', post_id: null, post_id__2: 1, tag_name: 'a' },
    { op: 'D', post_id: '1', post_id__2: null, tag_name: 'a' },
    { op: 'U', post_id: 'one', post_id__2: null, tag_name: 'a' },
  ])
  await database.drop()
})

test('a data migration that writes one without its context is found', async () => {
  const schema = schemaWith(models()).replace('username String?', 'username String')
  const folder = await audited(schema, init)
  const { text } = await compileProject(schema, {
    ...folder,
    '20260103000000_data': `INSERT INTO "Post" VALUES (1); INSERT INTO "_Tags" VALUES (1, 'a');\n`,
  })
  expect(text).toContain('"_Tags"')
})

test('where nothing of it is audited no history begins', async () => {
  const { migration, waiting } = await compileProject(
    schemaWith(models('Post', 'no').replace('@audit(enabled)', 'no')),
    start,
  )
  expect([migration, waiting]).toEqual([undefined, []])
})
