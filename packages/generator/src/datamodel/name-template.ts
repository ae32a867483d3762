import { suggest } from '../annotation/closest-word.ts'
import type { Diagnostic } from '../diagnostics.ts'
import { byteLength, cutToBytes, MAX_IDENTIFIER_BYTES } from '../model/names.ts'
import type { SourcePlace } from '../model/place.ts'

export type TemplateKind = 'table' | 'function' | 'trigger' | 'settingColumn'

export const DEFAULT_TEMPLATES = {
  table: '{table}_audit',
  function: '{table}_audit_{role}',
  trigger: 'audit_{operation}',
  settingColumn: 'audit_{setting}',
} as const satisfies Record<TemplateKind, string>

/** Per kind: what may stand in braces, and of which groups one each must, or two objects get one name. */
const PLACEHOLDERS = {
  table: { known: ['table', 'schema', 'model'], needed: [['table', 'model']], neededOnModel: [] },
  function: {
    known: ['table', 'schema', 'model', 'role'],
    needed: [['table', 'model'], ['role']],
    neededOnModel: [['role']],
  },
  trigger: {
    known: ['table', 'schema', 'model', 'operation'],
    needed: [['operation']],
    neededOnModel: [['operation']],
  },
  settingColumn: { known: ['setting'], needed: [['setting']], neededOnModel: [['setting']] },
} as const satisfies Record<
  TemplateKind,
  { known: readonly string[]; needed: readonly string[][]; neededOnModel: readonly string[][] }
>

const PLACEHOLDER = /\{([^{}]*)\}/g

/** Checks a template that a user wrote, for all models (`scope: 'all'`) or for one. */
export function checkTemplate(
  kind: TemplateKind,
  template: string,
  scope: 'all' | 'model',
  place?: SourcePlace,
): readonly Diagnostic[] {
  const rule = PLACEHOLDERS[kind]
  const known: readonly string[] = rule.known
  const used = [...template.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '')
  const at = place ? { place } : {}
  const unknown = used
    .filter((name) => !known.includes(name))
    .map(
      (name): Diagnostic => ({
        code: 'AUD103',
        severity: 'error',
        message: `The ${kind} template "${template}" has the placeholder {${name}}, which does not exist here.`,
        ...at,
        hint: suggest(name, known),
      }),
    )
  // A misspelled placeholder is most likely the one that is missing.
  if (unknown.length > 0) return unknown
  const needed: readonly (readonly string[])[] = scope === 'all' ? rule.needed : rule.neededOnModel
  return needed
    .filter((group) => !group.some((name) => used.includes(name)))
    .map(
      (group): Diagnostic => ({
        code: 'AUD104',
        severity: 'error',
        message: `The ${kind} template "${template}" would give several objects one name.`,
        ...at,
        hint: `Put ${group.map((name) => `{${name}}`).join(' or ')} into it, as in "${DEFAULT_TEMPLATES[kind]}".`,
      }),
    )
}

/** Puts the values into a template. An unknown placeholder stays as it is (a diagnostic has named it). */
export function renderTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(PLACEHOLDER, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? '') : whole,
  )
}

/**
 * A name from one of our own default templates, at most 63 bytes: of a longer one the first value (the table, the
 * setting) is cut at a character and a hash of the full name put behind it, so that
 * two long names do not become one. What stands behind the value stays readable:
 * `a_very_long_…_k3x9q0c1ab_audit_capture`.
 */
export function renderDefaultTemplate(kind: TemplateKind, values: Readonly<Record<string, string>>): string {
  const template = DEFAULT_TEMPLATES[kind]
  const full = renderTemplate(template, values)
  if (byteLength(full) <= MAX_IDENTIFIER_BYTES) return full
  const first = /\{([^{}]*)\}/.exec(template)
  const key = first?.[1] ?? ''
  const value = values[key] ?? ''
  const without = renderTemplate(template, { ...values, [key]: `_${nameHash(full)}` })
  const room = MAX_IDENTIFIER_BYTES - byteLength(without)
  return renderTemplate(template, { ...values, [key]: `${cutToBytes(value, room)}_${nameHash(full)}` })
}

const FNV_OFFSET = 0xcbf29ce484222325n
const FNV_PRIME = 0x100000001b3n

/** FNV-1a, 64 bit, ten characters of it. Not for secrets: names only have to differ, and clashes are reported. */
function nameHash(text: string): string {
  let hash = FNV_OFFSET
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    for (const byte of [unit & 0xff, unit >> 8]) {
      hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME)
    }
  }
  return hash.toString(36).padStart(13, '0').slice(-10)
}
