const config = `import { defineConfig } from 'prisma/config'

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? '' },
})
`

const schema = (provider: string, client: string) => `generator client {
  provider = "${provider}"
${client}}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../src/generated/audit"
  sessionSettings = ["username String", "reason String?"]
  write           = "always"
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Note {
  id   Int    @id @default(autoincrement())
  text String
}
`

const migration = `CREATE TABLE "Note" (
    "id" SERIAL NOT NULL,
    "text" TEXT NOT NULL,

    CONSTRAINT "Note_pkey" PRIMARY KEY ("id")
);
`

const service = (client: string) => `import { PrismaPg } from '@prisma/adapter-pg'
import { AuditContextError } from 'prisma-extension-audit'
import { auditContext, type AuditContext } from './generated/audit/index.js'
import { PrismaClient } from '${client}'

type HistoryRow = { operation: string; username: string; text: string }

export class NoteService {
  private readonly prisma: PrismaClient

  constructor(connectionString: string) {
    this.prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) })
  }

  async add(context: AuditContext, text: string): Promise<{ id: number; text: string }> {
    return await this.prisma.$extends(auditContext(context)).note.create({ data: { text } })
  }

  async addAnonymously(): Promise<string> {
    try {
      const { id } = await this.add({ username: '' }, 'whose?')
      return String(id)
    } catch (error) {
      return error instanceof AuditContextError ? error.code : String(error)
    }
  }

  async history(): Promise<HistoryRow[]> {
    return await this.prisma.$queryRaw<HistoryRow[]>\`
      SELECT audit_operation AS operation, audit_username AS username, text
      FROM audit."Note_audit" ORDER BY audit_id\`
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect()
  }
}

// @ts-expect-error A required setting must be given.
export const incomplete = (service: NoteService) => service.add({ reason: 'none' }, 'text')
`

const compilerOptions = {
  target: 'ES2022',
  strict: true,
  skipLibCheck: true,
  types: ['node'],
  rootDir: 'src',
  outDir: 'dist',
}

/** An application in ES modules with Prisma's generator \`prisma-client\`. */
export const esmConsumer: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "esm", "private": true, "type": "module" }\n',
  'prisma.config.ts': config,
  'prisma/schema.prisma': schema('prisma-client', '  output   = "../src/generated/client"\n'),
  'prisma/migrations/20260101000000_init/migration.sql': migration,
  'tsconfig.json': JSON.stringify({
    compilerOptions: { ...compilerOptions, module: 'nodenext' },
    include: ['src'],
  }),
  'src/note-service.ts': service('./generated/client/client.js'),
  'src/main.ts': `import { NoteService } from './note-service.js'

const service = new NoteService(process.env.DATABASE_URL ?? '')
await service.add({ username: 'ann', reason: 'try' }, 'from ES modules')
const refused = await service.addAnonymously()
console.log(JSON.stringify({ refused, history: await service.history() }))
await service.close()
`,
}

/** An application in CommonJS with Prisma's generator \`prisma-client-js\`, tested with Jest, as NestJS has it. */
export const commonjsConsumer: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "commonjs", "private": true, "type": "commonjs" }\n',
  'prisma.config.ts': config,
  'prisma/schema.prisma': schema('prisma-client-js', ''),
  'prisma/migrations/20260101000000_init/migration.sql': migration,
  'tsconfig.json': JSON.stringify({
    compilerOptions: { ...compilerOptions, module: 'node16' },
    include: ['src'],
  }),
  'src/note-service.ts': service('@prisma/client'),
  'test/note-service.test.js': `const { NoteService } = require('../dist/note-service.js')

const service = new NoteService(process.env.DATABASE_URL)
afterAll(() => service.close())

test('the audit row carries the context', async () => {
  await service.add({ username: 'ann' }, 'from CommonJS')
  expect(await service.history()).toEqual([{ operation: 'I', username: 'ann', text: 'from CommonJS' }])
})

test('a write without a user is refused', async () => {
  expect(await service.addAnonymously()).toBe('AU001')
})
`,
}
