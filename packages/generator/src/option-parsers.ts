import { suggest } from './annotation/closest-word.ts'
import { parseSettingSyntax } from './annotation/parser.ts'
import { checkTemplate, type TemplateKind } from './datamodel/name-template.ts'
import { resolveSetting } from './datamodel/session-settings.ts'
import type { Diagnostic, DiagnosticCode } from './diagnostics.ts'
import { byteLength, MAX_IDENTIFIER_BYTES } from './model/names.ts'
import type { SourcePlace } from './model/place.ts'

/** Prisma hands generators strings and lists of strings, nothing else. */
export type RawValue = string | readonly string[]

/** Takes a problem with an option's value; without a code it is an unknown value. */
export type ReportOption = (
  problem: { code?: DiagnosticCode; message: string; hint?: string } | Diagnostic,
) => undefined

/** A string that says something. */
export function text(raw: RawValue, report: ReportOption): string | undefined {
  if (typeof raw === 'string' && raw !== '' && !raw.includes('\0')) return raw
  return report({ message: 'This option takes one string that is not empty.' })
}

/** One of a few words. */
export function oneOf<const Word extends string>(...words: readonly Word[]) {
  return (raw: RawValue, report: ReportOption): Word | undefined => {
    const word = words.find((each) => each === raw)
    if (word !== undefined) return word
    return report({ message: `Unknown value ${JSON.stringify(raw)}.`, hint: suggest(String(raw), words) })
  }
}

/** A list of a few words; what is none of them is reported and left out. */
export function someOf<const Word extends string>(...words: readonly Word[]) {
  const one = oneOf(...words)
  return (raw: RawValue, report: ReportOption): readonly Word[] | undefined =>
    [raw].flat().flatMap((each) => one(each, report) ?? [])
}

/** Prisma hands booleans on as words. */
export function parseBoolean(raw: RawValue, report: ReportOption): boolean | undefined {
  const word = oneOf('true', 'false')(raw, report)
  return word && word === 'true'
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000 }
/** PostgreSQL's largest lock_timeout. */
const MAX_MILLISECONDS = 2_147_483_647

/** `"5s"` gives 5000. */
export function parseDuration(raw: RawValue, report: ReportOption): number | undefined {
  const [, amount, unit] = (typeof raw === 'string' && /^(\d+)\s*(ms|s|min)$/.exec(raw)) || []
  const milliseconds = Number(amount) * (UNITS[unit ?? ''] ?? 0)
  if (milliseconds >= 1 && milliseconds <= MAX_MILLISECONDS) return milliseconds
  return report({
    message: `${JSON.stringify(raw)} is no duration.`,
    hint: 'Write it like "500ms", "5s" or "1min".',
  })
}

/** The schema of the audit objects; a name that PostgreSQL takes and that this version can serve. */
export function parseSchema(raw: RawValue, report: ReportOption): string | undefined {
  const name = text(raw, report)
  if (name === undefined) return undefined
  if (byteLength(name) > MAX_IDENTIFIER_BYTES) {
    return report({
      code: 'AUD502',
      message: `The schema name "${name}" has ${byteLength(name)} bytes; PostgreSQL keeps ${MAX_IDENTIFIER_BYTES}.`,
      hint: 'Choose a shorter one.',
    })
  }
  if (name.startsWith('pg_') || name === 'information_schema') {
    return report({
      message: `PostgreSQL keeps the schema name "${name}" for itself.`,
      hint: 'The default is "audit".',
    })
  }
  return name
}

/** The name of a role; whether there is one is known only where the migration runs, and only then. */
export function parseRole(raw: RawValue, report: ReportOption): string | undefined {
  const name = text(raw, report)
  if (name === undefined) return undefined
  if (byteLength(name) > MAX_IDENTIFIER_BYTES) {
    return report({
      code: 'AUD502',
      message: `The role name "${name}" has ${byteLength(name)} bytes; PostgreSQL keeps ${MAX_IDENTIFIER_BYTES}.`,
      hint: 'Choose a shorter one.',
    })
  }
  if (name === 'public' || name === 'none') {
    return report({
      message: `"${name}" is no role of PostgreSQL.`,
      hint: 'Name a role that has only the members that need it: CREATE ROLE audit_maintenance NOLOGIN',
    })
  }
  return name
}

/** Checks every setting; the text is what is kept, because places belong to the schema and not to the options. */
export function parseSettings(
  raw: RawValue,
  report: ReportOption,
  place: (element?: number) => SourcePlace | undefined,
): readonly string[] | undefined {
  const elements = typeof raw === 'string' ? [raw] : raw
  elements.forEach((element, index) => {
    const at = place(index)
    const parsed = parseSettingSyntax(element, at ?? NOWHERE)
    const resolved =
      parsed.syntax && parsed.diagnostics.length === 0 ? resolveSetting(parsed.syntax) : undefined
    for (const { place: found, ...rest } of [...parsed.diagnostics, ...(resolved?.diagnostics ?? [])]) {
      report({ ...rest, ...(at && found ? { place: found } : {}) })
    }
  })
  return elements
}

const NOWHERE: SourcePlace = { file: '', line: 1, column: 1, length: 1 }

/** A name template for all models. */
export function parseTemplate(kind: TemplateKind) {
  return (raw: RawValue, report: ReportOption): string | undefined => {
    const name = text(raw, report)
    if (name === undefined) return undefined
    const problems = checkTemplate(kind, name, 'all')
    for (const problem of problems) report(problem)
    return problems.length === 0 ? name : undefined
  }
}
