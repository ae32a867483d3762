import { type Diagnostic, hasErrors, sortDiagnostics } from '../diagnostics.ts'
import type { CheckResult } from './check.ts'

/**
 * A check as JSON, for editors and annotations; its shape is documented in docs/check.md, and stays.
 *
 *     {"version":1,"agrees":false,"models":3,"migrations":7,"diagnostics":[{"code":"AUD703","severity":"error",
 *      "message":"…","file":"prisma/migrations/…/migration.sql","line":1,"column":1,"length":1,"hint":"…"}]}
 */
export function renderCheckJson({ diagnostics, models, migrations }: CheckResult): string {
  const shown = sortDiagnostics(diagnostics).map(flat)
  return JSON.stringify(
    { version: 1, agrees: !hasErrors(diagnostics), models, migrations, diagnostics: shown },
    undefined,
    2,
  )
}

/** Without a place, file and the rest are missing. */
function flat({ code, severity, message, place, model, field, hint }: Diagnostic): object {
  return { code, severity, message, ...place, model, field, hint }
}
