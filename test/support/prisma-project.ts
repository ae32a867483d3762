import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type PrismaOptions, type PrismaResult, runPrisma } from './prisma-command.ts'

export type { PrismaOptions, PrismaResult } from './prisma-command.ts'

export type PrismaProjectOptions = {
  /** The text of `schema.prisma`, or a multi-file schema: file names inside the folder `prisma/` to texts. */
  readonly schema: string | Readonly<Record<string, string>>
  readonly databaseUrl: string
  /** Migrations that exist from the start: directory name to the text of its migration.sql. */
  readonly migrations?: Readonly<Record<string, string>>
  /** Other files: path in the project to text. */
  readonly files?: Readonly<Record<string, string>>
  /** `migrations.seed` of prisma.config.ts. */
  readonly seed?: string
  /** The URL for `shadowDatabaseUrl`. */
  readonly shadowDatabaseUrl?: string
  /** The text of prisma.config.ts in place of the usual one; `null` for none. */
  readonly config?: string | null
  /** The folder to make the project's folder in; a temporary one by default. */
  readonly parent?: string
  /** `false` for a folder that is no git work tree. */
  readonly git?: boolean
}

export type MigrationDirectory = {
  readonly name: string
  readonly sql: string
  /** The names of all files in the directory, sorted. */
  readonly files: readonly string[]
}

export type PrismaProject = {
  readonly dir: string
  /** What `schema` of prisma.config.ts says: `prisma/schema.prisma`, or the folder `prisma`. */
  readonly schemaPath: string
  /** Runs the real Prisma CLI here. Rejects with its output unless it ends as `expectFailure` says. */
  prisma(args: readonly string[], options?: PrismaOptions): Promise<PrismaResult>
  /** `prisma/migrations`, sorted by name. */
  migrationFiles(): Promise<MigrationDirectory[]>
  write(path: string, text: string): Promise<void>
  read(path: string): Promise<string>
  /** Imports a file of the project, as it is now, in TypeScript or JavaScript. */
  importModule<Module = Record<string, unknown>>(path: string): Promise<Module>
  cleanup(): void
}

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Writes a Prisma 7 project into a temporary folder, with this repository's packages installed. */
export async function createPrismaProject(options: PrismaProjectOptions): Promise<PrismaProject> {
  const schemas = typeof options.schema === 'string' ? { 'schema.prisma': options.schema } : options.schema
  requireBuild(Object.values(schemas).join('\n'))
  // The real path: the temporary folder of macOS is a symbolic link, and modules are known by real paths.
  const parent = options.parent ?? process.env.PRISMA_AUDIT_PROJECTS ?? tmpdir()
  mkdirSync(parent, { recursive: true })
  const dir = realpathSync(mkdtempSync(join(parent, 'prisma-audit-project-')))
  const multiFile = typeof options.schema !== 'string'
  const schemaPath = multiFile ? 'prisma' : 'prisma/schema.prisma'
  const write = async (path: string, text: string) => {
    const file = join(dir, path)
    mkdirSync(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  for (const [name, text] of Object.entries(schemas)) await write(`prisma/${name}`, text)
  for (const [name, sql] of Object.entries(options.migrations ?? {})) {
    await write(`prisma/migrations/${name}/migration.sql`, sql)
    await write('prisma/migrations/migration_lock.toml', 'provider = "postgresql"\n')
  }
  const config = options.config === undefined ? configText(schemaPath, options) : options.config
  if (config !== null) await write('prisma.config.ts', config)
  await write('package.json', '{ "name": "project", "private": true, "type": "module" }\n')
  for (const [path, text] of Object.entries(options.files ?? {})) await write(path, text)
  symlinkSync(join(repository, 'node_modules'), join(dir, 'node_modules'), 'dir')
  if (options.git !== false) {
    await write('.gitignore', 'node_modules\n')
    spawnSync('git', ['init', '--quiet'], { cwd: dir })
  }
  return {
    dir,
    schemaPath,
    prisma: (args, prismaOptions = {}) => {
      const env = { DATABASE_URL: options.databaseUrl, ...prismaOptions.env }
      return runPrisma(repository, dir, args, { ...prismaOptions, env })
    },
    migrationFiles: () => readMigrations(join(dir, 'prisma', 'migrations')),
    write,
    read: (path) => readFile(join(dir, path), 'utf8'),
    importModule: (path) =>
      import(`${pathToFileURL(join(dir, path)).href}?version=${randomBytes(4).toString('hex')}`),
    cleanup: () => rmSync(dir, { recursive: true, force: true }),
  }
}

function configText(schemaPath: string, options: PrismaProjectOptions): string {
  const shadow = options.shadowDatabaseUrl
  return `import { defineConfig } from 'prisma/config'

export default defineConfig({
  schema: ${JSON.stringify(schemaPath)},
  migrations: {
    path: 'prisma/migrations',${options.seed ? `\n    seed: ${JSON.stringify(options.seed)},` : ''}
  },
  datasource: {
    url: process.env.DATABASE_URL,${shadow ? `\n    shadowDatabaseUrl: ${JSON.stringify(shadow)},` : ''}
  },
})
`
}

async function readMigrations(folder: string): Promise<MigrationDirectory[]> {
  if (!existsSync(folder)) return []
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return names.sort().map((name) => ({
    name,
    sql: readFileSync(join(folder, name, 'migration.sql'), 'utf8'),
    files: readdirSync(join(folder, name)).sort(),
  }))
}

/** The generator is run as users run it: compiled. */
function requireBuild(schema: string): void {
  const built = existsSync(join(repository, 'packages', 'generator', 'dist', 'bin.js'))
  if (built || !schema.includes('prisma-generator-audit')) return
  throw new Error('packages/generator/dist is missing: run "pnpm build" first ("pnpm test" does so itself).')
}
