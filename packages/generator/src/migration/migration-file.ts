import type { SourceDatabase } from '../model/source-database.ts'

/** One `migration.sql`, read. `text` has no byte order mark. */
export interface MigrationFile {
  /** The directory's name: what Prisma records as the migration's name and sorts by. */
  readonly name: string
  /** Path as the user knows it, relative to the working directory where possible. */
  readonly path: string
  readonly text: string
  /** The file on disk begins with one. */
  readonly hasByteOrderMark?: true
}

/** A migrations folder with everything that was read from it. */
export interface MigrationsFolder {
  readonly dir: string
  /** In the order in which Prisma applies them. */
  readonly files: readonly MigrationFile[]
  readonly database: SourceDatabase
}

/** Where the names in the files lead to when they are written without a schema. */
export interface FoldOptions {
  /** The connection's schema, `?schema=` of the URL. Default: `public`. */
  readonly defaultSchema?: string
  /** The schemas that the datasource names. One that no file creates is taken to be there from the beginning. */
  readonly schemas?: readonly string[]
  /** Our own schema: nothing in it is a source table. Default: `audit`. */
  readonly auditSchema?: string
  /** The application's own tables live in it too. Default: only in `public` they do. */
  readonly sharedSchema?: boolean
}
