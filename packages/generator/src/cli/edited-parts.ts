import type { Diagnostic } from '../diagnostics.ts'
import type { MigrationFile } from '../migration/migration-file.ts'
import { parseHeaders } from '../state/part-header.ts'

/**
 * Audit parts that are not as they were generated, or no longer stand below the statements that they were made for. A
 * part whose header cannot be read is told as that (AUD601).
 */
export function diagnoseEditedParts(files: readonly MigrationFile[]): readonly Diagnostic[] {
  return files.flatMap(({ path, text }) => {
    if (!text.includes('-- prisma-generator-audit ')) return []
    const { parts, problems } = parseHeaders(text)
    if (problems.length > 0) return []
    return parts.flatMap(({ line, isIntact, isAboveEdited }): readonly Diagnostic[] => {
      const place = { file: path, line, column: 1, length: 1 }
      if (!isIntact) return [{ ...EDITED, place }]
      return isAboveEdited ? [{ ...EDITED_ABOVE, place }] : []
    })
  })
}

const EDITED = {
  code: 'AUD703',
  severity: 'error',
  message: 'This audit part does not have the text any more that was generated.',
  hint: 'Restore the file from version control. SQL of your own belongs into a migration of its own.',
} as const

const EDITED_ABOVE = {
  code: 'AUD705',
  severity: 'error',
  message: 'The statements above this audit part are not the ones any more that it was made for.',
  hint: 'Restore the file from version control. If it is applied nowhere yet: remove this part, then npx prisma generate.',
} as const
