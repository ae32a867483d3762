import { rename } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { compile } from '../compile.ts'
import { hasErrors } from '../diagnostics.ts'
import { removeEmptyDraft } from '../migration/append-to-draft.ts'
import { listMigrations } from '../migration/read-migrations-folder.ts'
import { writeNextMigration } from '../next-migration.ts'
import type { Project } from '../project.ts'
import { renderFailure } from '../report.ts'
import { announceDraft } from './announce-draft.ts'
import { completeDraft, type DraftDirectory, type DraftOutcome } from './complete-draft.ts'
import { adviseAfterFailure, adviseTracked } from './draft-advice.ts'
import { findPendingDraft } from './pending-draft.ts'
import { flagValue, hasFlag, withoutFlags } from './prisma-flags.ts'
import { readProjectAndFolder } from './read-project.ts'
import { type PrismaRun, runPrisma } from './run-prisma.ts'
import { describeUnlistedTables } from './unlisted-tables.ts'

/**
 * `prisma migrate dev`, in three steps: Prisma makes its migration without applying it, the audit part goes into that
 * one draft, Prisma applies it. So a table and its audit change in one transaction.
 *
 * @param args what stands behind `migrate dev`: Prisma's own flags
 * @returns the exit code; Prisma's own where Prisma stopped
 * @throws ProjectNotFoundError, MigrationsFolderError
 */
export async function migrateDev(args: readonly string[], cwd: string): Promise<number> {
  const project = await readSound(args, cwd)
  if (project === undefined) return 1
  const pending = await findPendingDraft(project, args, cwd)
  if (pending?.isTracked) {
    console.error(adviseTracked(pending, cwd))
    return 1
  }
  if (pending !== undefined) {
    const exitCode = announceDraft(await completeDraft(project, pending, cwd), pending)
    if (exitCode !== undefined) return exitCode
  }
  // Prisma would apply a pending draft, and then drop its audit tables.
  if (await hasUnlistedTables(project, args, cwd)) return 1
  const made = await makeDraft(project, args, pending, cwd)
  if (!('draft' in made)) return made.exitCode
  return finish(made.project, made.draft, args, cwd)
}

/** The project, unless its schema holds an error: that is said before anything is made. */
async function readSound(args: readonly string[], cwd: string): Promise<Project | undefined> {
  const flags = { schema: flagValue(args, '--schema'), config: flagValue(args, '--config') }
  const read = await readProjectAndFolder(flags, cwd)
  if (!read.ok) {
    console.error(renderFailure(read.diagnostics, read.schemaFiles))
    return undefined
  }
  const { project } = read
  const folder = await read.folder
  const ofSchema = compile({ ...project.input, folder: undefined }).diagnostics
  // A header that cannot be read is not cured by any draft; a difference without SQL may be.
  const ofFolder =
    folder && compile({ ...project.input, folder }).diagnostics.filter(({ code }) => code === 'AUD601')
  const diagnostics = [...project.diagnostics, ...ofSchema, ...(ofFolder ?? [])]
  if (!hasErrors(diagnostics)) return project
  console.error(renderFailure(diagnostics, [...project.schemaFiles, ...(folder?.files ?? [])]))
  return undefined
}

/** The name of a migration that nobody was asked to name. */
const UNNAMED = 'changes'

type MadeDraft =
  | { readonly project: Project; readonly draft: DraftDirectory }
  /** Prisma made none. */
  | { readonly exitCode: number }

function isNamed(args: readonly string[]): boolean {
  return flagValue(args, '--name', '-n') !== undefined
}

/** Has Prisma make its migration, which asks for a name unless there is one. */
async function makeDraft(
  project: Project,
  args: readonly string[],
  pending: DraftDirectory | undefined,
  cwd: string,
): Promise<MadeDraft> {
  const before = new Set(project.found.dir === undefined ? [] : listMigrations(project.found.dir, cwd))
  // Whoever goes on with a draft has named that one; and without a terminal Prisma would wait for ever for a name.
  const name = isNamed(args) || (pending === undefined && process.stdin.isTTY) ? [] : ['--name', UNNAMED]
  const run = await runPrisma(
    ['migrate', 'dev', ...args.filter((arg) => arg !== '--create-only'), ...name, '--create-only'],
    cwd,
  )
  if (run.exitCode !== 0 || run.isInterrupted) {
    if (pending !== undefined) adviseAfterFailure(run, pending, cwd)
    return { exitCode: run.exitCode }
  }
  // The first migration makes the folder.
  const found = project.found.dir === undefined ? await readSound(args, cwd) : project
  const dir = found?.found.dir
  if (found === undefined || dir === undefined) return { exitCode: 1 }
  const created = listMigrations(dir, cwd).filter((each) => !before.has(each))
  const [draft] = created
  if (draft !== undefined && created.length === 1) return { project: found, draft: { dir, name: draft } }
  console.error(
    `audit: expected one new directory in ${relative(cwd, dir)}, and found ${created.length === 0 ? 'none' : created.join(', ')}. Run the command again when nothing else writes there.`,
  )
  return { exitCode: 1 }
}

/** Completes the draft and has Prisma apply it. */
async function finish(
  project: Project,
  made: DraftDirectory,
  args: readonly string[],
  cwd: string,
): Promise<number> {
  const isCreateOnly = hasFlag(args, '--create-only')
  const outcome = await completeDraft(project, made, cwd)
  if (outcome.kind === 'nothing to add' && outcome.isEmpty && !isCreateOnly) {
    await removeEmptyDraft(join(made.dir, made.name))
    console.log(`audit: nothing to migrate; the empty draft ${made.name} is removed again.`)
    return 0
  }
  const draft = isNamed(args) ? made : await nameSensibly(made, outcome)
  const stop = announceDraft(outcome, draft)
  if (stop !== undefined) return stop
  if ((await hasUnlistedTables(project, args, cwd)) && !isCreateOnly) return 1
  if (isCreateOnly) {
    const path = relative(cwd, join(draft.dir, draft.name, 'migration.sql'))
    console.log(`audit: ${path} is not applied yet.
  Next: edit it if need be, then npx prisma-generator-audit migrate dev`)
    return 0
  }
  const recompile = async () => compile({ ...project.input, folder: await project.readFolder() })
  const rest = await writeNextMigration(await recompile(), project.found, 'always', recompile, cwd)
  if (rest.kind === 'written')
    console.log(`audit: wrote ${rest.path}, for tables that the draft does not touch`)
  const run = await runPrisma(['migrate', 'dev', ...withoutFlags(args, { withValue: ['--name', '-n'] })], cwd)
  if (run.exitCode !== 0) return failed(run, draft, cwd)
  console.log('\naudit: Next: npx prisma generate, then commit the migrations')
  return 0
}

/** Says so, and what to do. */
async function hasUnlistedTables(project: Project, args: readonly string[], cwd: string): Promise<boolean> {
  const unlisted = await describeUnlistedTables(project, cwd, flagValue(args, '--config'))
  if (unlisted === undefined) return false
  console.error(
    `${unlisted}\naudit: nothing more is applied. Change the configuration, then run the same command again.`,
  )
  return true
}

/** A directory that nobody named gets the name that `prisma generate` would give it. */
async function nameSensibly(
  made: DraftDirectory,
  { isEmpty, migration }: DraftOutcome,
): Promise<DraftDirectory> {
  const [, stamp] = new RegExp(`^(\\d{14})(?:_|_${UNNAMED})?$`).exec(made.name) ?? []
  if (stamp === undefined || !isEmpty || migration === undefined) return made
  const name = `${stamp}_audit_${migration.slug}`
  await rename(join(made.dir, made.name), join(made.dir, name))
  return { ...made, name }
}

function failed(run: PrismaRun, draft: DraftDirectory, cwd: string): number {
  adviseAfterFailure(run, draft, cwd)
  return run.exitCode
}
