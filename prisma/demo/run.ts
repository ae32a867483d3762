import { readdir, readFile } from 'node:fs/promises'
import { createDatabaseOn } from '../../test/support/database.ts'
import { startDatabaseServer } from '../../test/support/database-server.ts'
import { createPrismaProject } from '../../test/support/prisma-project.ts'
import { renderHistory } from './history.ts'

const say = (sentence: string) => console.log(sentence)

/** `program.ts` is type-checked where the generated modules are, by the demo's test. */
type Program = { runProgram(databaseUrl: string, say: (sentence: string) => void): Promise<void> }

/**
 * The whole path in one program: a database, `prisma generate`, `prisma migrate deploy`, an application
 * that writes, and what its history then says. All of it in a temporary project that goes at the end.
 */
async function demonstrate(): Promise<void> {
  const server = await startDatabaseServer()
  say(`1. PostgreSQL ${server.version} runs (${server.kind}).`)
  try {
    const database = await createDatabaseOn({ url: server.url, prefix: 'prisma_audit_demo' })
    try {
      await inProject(database.url)
    } finally {
      await database.drop()
    }
  } finally {
    await server.stop()
  }
}

async function inProject(databaseUrl: string): Promise<void> {
  const here = (path: string) => new URL(path, import.meta.url)
  const project = await createPrismaProject({
    schema: await readFile(here('../schema.prisma'), 'utf8'),
    // Without the audit's own migrations, so that the generator has something to do.
    migrations: await readMigrations(here('../migrations/')),
    files: { 'prisma/demo/program.ts': await readFile(here('program.ts'), 'utf8') },
    databaseUrl,
  })
  try {
    const before = (await project.migrationFiles()).length
    await project.prisma(['generate'])
    const [, ...written] = (await project.migrationFiles()).slice(before - 1)
    say(`2. prisma generate wrote the typed client and prisma/migrations/${written[0]?.name}.`)
    await project.prisma(['migrate', 'deploy'])
    say('3. prisma migrate deploy applied it: every write on an audited table now leaves an audit row.')
    say('4. The application runs:')
    const program = await project.importModule<Program>('prisma/demo/program.ts')
    await program.runProgram(databaseUrl, (sentence) => say(`   ${sentence}`))
    say('5. What the audit tables say:')
    say(await renderHistory(databaseUrl))
    say(
      'I, U and D are inserts, updates and deletes. Every row names the one who wrote it, whatever the call:',
    )
    say(
      'a nested write and a batch carry one identity, the rolled-back gift left nothing, raw SQL and the script',
    )
    say(
      'without Prisma are there too, and a key that changed ends the old row (D) and goes on as the new one (U).',
    )
  } finally {
    project.cleanup()
  }
}

async function readMigrations(folder: URL): Promise<Record<string, string>> {
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && !entry.name.includes('_audit'))
    .map((entry) => entry.name)
  const texts = names.map((name) => readFile(new URL(`${name}/migration.sql`, folder), 'utf8'))
  return Object.fromEntries(await Promise.all(texts.map(async (text, index) => [names[index], await text])))
}

await demonstrate()
