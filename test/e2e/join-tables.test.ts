import { beforeAll, describe, expect, test } from 'vitest'
import {
  type AuditedProject,
  importAudit,
  install,
  openClient,
  useProject,
} from './main-path/audited-project.ts'

const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model BlogPost {
  id   Int    @id @default(autoincrement())
  tags Tag[]
}

model Tag {
  name  String     @id
  posts BlogPost[]
}

/// @audit(enabled)
model Person {
  id         Int      @id @default(autoincrement())
  following  Person[] @relation("Follows")
  followedBy Person[] @relation("Follows")
}
`

let audited: AuditedProject

async function history(table: string, ...columns: readonly string[]): Promise<string[]> {
  const rows = await audited.database.query<{ line: string }>(
    `SELECT concat_ws(' ', audit_username, audit_operation, ${columns.join(', ')}) AS line
     FROM audit."${table}_audit" ORDER BY audit_id`,
  )
  return rows.map(({ line }) => line)
}

async function openAuditedClient() {
  const client = await openClient<'blogPost' | 'tag' | 'person'>(audited)
  const { auditContext } = await importAudit(audited)
  return client.$extends(auditContext({ username: 'ann' })) as typeof client
}

describe('Implicit many-to-many relations, through Prisma', () => {
  beforeAll(async () => {
    audited = await useProject({ schema })
    await install(audited)
  })

  test('connect, connectOrCreate, set, disconnect and a cascade leave rows with readable columns and the name', async () => {
    const db = await openAuditedClient()
    await db.blogPost.create({ data: { tags: { create: { name: 'a' } } } })
    await db.blogPost.update({
      where: { id: 1 },
      data: { tags: { connectOrCreate: { where: { name: 'b' }, create: { name: 'b' } } } },
    })
    await db.blogPost.update({ where: { id: 1 }, data: { tags: { connect: { name: 'b' } } } })
    await db.tag.create({ data: { name: 'c', posts: { connect: { id: 1 } } } })
    await db.blogPost.update({ where: { id: 1 }, data: { tags: { disconnect: { name: 'a' } } } })
    await db.tag.update({ where: { name: 'b' }, data: { name: 'd' } })
    await db.blogPost.update({ where: { id: 1 }, data: { tags: { set: [{ name: 'd' }] } } })
    await db.blogPost.delete({ where: { id: 1 } })
    expect(await history('_BlogPostToTag', 'blog_post_id', 'tag_name')).toEqual([
      'ann I 1 a',
      'ann I 1 b',
      'ann I 1 c',
      'ann D 1 a',
      'ann D 1 b',
      'ann U 1 d',
      // Prisma's set empties the relation first.
      'ann D 1 c',
      'ann D 1 d',
      'ann I 1 d',
      'ann D 1 d',
    ])
  })

  test('of a model with itself the columns say who is whose', async () => {
    const db = await openAuditedClient()
    await db.person.create({ data: { id: 1 } })
    await db.person.create({ data: { id: 2, following: { connect: { id: 1 } } } })
    expect(await history('_Follows', 'following_id', 'followed_by_id')).toEqual(['ann I 1 2'])
    const [{ followedBy } = {}] = (await db.person.findMany({
      where: { id: 1 },
      include: { followedBy: true },
    })) as {
      followedBy?: unknown
    }[]
    expect(followedBy).toEqual([{ id: 2 }])
  })

  test('a write to one without its context is refused, whoever makes it', async () => {
    const { database } = audited
    await expect(database.query('INSERT INTO "_Follows" VALUES (2, 2)')).rejects.toThrow(/audit\.username/)
  })

  test('Prisma proposes nothing, and a second generate writes nothing', async () => {
    const { project } = audited
    const before = await project.migrationFiles()
    expect((await project.prisma(['migrate', 'dev', '--name', 'again'])).stdout).toContain('Already in sync')
    await project.prisma(['generate'])
    expect(await project.migrationFiles()).toEqual(before)
    await project.prisma(['migrate', 'status'])
  })
})
