import { dirname, join } from 'node:path'
import { renderDiagnostics } from '../diagnostics.ts'
import { describeWaiting, renderFailure } from '../report.ts'
import type { DraftDirectory, DraftOutcome } from './complete-draft.ts'
import { adviseLossyRenames, findLossyRenames } from './draft-advice.ts'

/** Says what became of a draft; gives an exit code where it must not be applied. */
export function announceDraft(outcome: DraftOutcome, draft: DraftDirectory): number | undefined {
  const { kind, compilation, files } = outcome
  const path = join(dirname(dirname(outcome.path)), draft.name, 'migration.sql')
  if (kind === 'errors') {
    console.error(renderFailure(compilation.diagnostics, files))
    console.error(`audit: ${path} stays as Prisma made it, without an audit part, and is not applied.
  Next: correct the schema or that file and run npx prisma-generator-audit migrate dev, or remove its directory`)
    return 1
  }
  const notes = renderDiagnostics(compilation.diagnostics, files).trimEnd()
  if (notes !== '') console.log(notes)
  for (const { source, reason } of compilation.waiting) {
    console.log(`audit: "${source.schema}"."${source.name}" waits: ${describeWaiting(reason)}`)
  }
  const what = outcome.migration?.sql === '' ? 'what its data changes need' : 'the audit part'
  if (kind === 'completed') console.log(`audit: wrote ${what} into ${path}`)
  const lossy = findLossyRenames(outcome, draft.name)
  if (lossy.length === 0) return undefined
  console.error(adviseLossyRenames(lossy, path))
  return 1
}
