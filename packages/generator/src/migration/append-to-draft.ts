import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MigrationsFolderError } from './migrations-folder-error.ts'

export interface CompletedDraft {
  /** What migration.sql becomes. */
  readonly file: string
  /** Undefined: there is none, and one that is there goes. */
  readonly downSql: string | undefined
}

/** The text of a draft's migration.sql, without a byte order mark. */
export async function readDraft(directory: string): Promise<string> {
  return (await readFile(join(directory, 'migration.sql'), 'utf8')).replace(/^\uFEFF/, '')
}

/**
 * Completes a draft: `down.sql` first, then migration.sql by a rename, so that a process that dies leaves the draft as
 * it was or the complete one. Call it inside `withMigrationsLock`.
 *
 * @param directory of a migration that is not applied anywhere
 * @param expected the text that the new one was made from
 * @throws MigrationsFolderError where migration.sql has another text by now
 */
export async function writeDraft(
  directory: string,
  expected: string,
  { file, downSql }: CompletedDraft,
): Promise<void> {
  const target = join(directory, 'migration.sql')
  const down = join(directory, 'down.sql')
  if ((await readDraft(directory)) !== expected) {
    throw new MigrationsFolderError(`${target} was edited meanwhile. Run the command again.`)
  }
  await removeLeftOvers(directory)
  if (downSql === undefined) await rm(down, { force: true })
  else await replace(down, downSql)
  await replace(target, file)
}

/**
 * Removes a draft without statements, and nothing but what Prisma has put there.
 *
 * @throws MigrationsFolderError where there is more in it by now
 */
export async function removeEmptyDraft(directory: string): Promise<void> {
  const others = (await readdir(directory)).filter((name) => name !== 'migration.sql')
  if (others.length > 0) {
    throw new MigrationsFolderError(
      `${directory} holds no statement and is not needed, but somebody put ${others.join(', ')} into it. Remove it by hand.`,
    )
  }
  await rm(join(directory, 'migration.sql'))
  await rmdir(directory)
}

const NEW = '.audit-new-'

async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}${NEW}${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
}

/** Of a process that died between writing and renaming. */
async function removeLeftOvers(directory: string): Promise<void> {
  const names = await readdir(directory)
  for (const name of names) if (name.includes(NEW)) await rm(join(directory, name), { force: true })
}
