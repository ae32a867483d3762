import type { At, AuditAnnotation } from '../annotation/audit-annotation.ts'
import type { AuditOptions } from '../config.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { AuditNames } from '../model/audit-model.ts'
import { byteLength, MAX_IDENTIFIER_BYTES } from '../model/names.ts'
import type { SourcePlace } from '../model/place.ts'
import {
  checkTemplate,
  DEFAULT_TEMPLATES,
  renderDefaultTemplate,
  renderTemplate,
  type TemplateKind,
} from './name-template.ts'

export interface NamedSource {
  readonly model: string
  readonly schema: string
  readonly table: string
  readonly place?: SourcePlace
}

export type NamingOptions = Pick<AuditOptions, 'table' | 'function' | 'trigger' | 'settingColumn'>

/** The names of a model's audit objects: the model's templates over the generator's. */
export function resolveNames(
  source: NamedSource,
  annotation: Pick<AuditAnnotation, 'table' | 'function' | 'trigger'>,
  options: NamingOptions,
): { names: AuditNames; diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const reported = new Set<TemplateKind>()
  const { model, schema, table } = source
  const name = (
    kind: 'table' | 'function' | 'trigger',
    part: Readonly<Record<string, string>> = {},
  ): string => {
    const own: At<string> | undefined = annotation[kind]
    const named = renderName(kind, own?.value ?? options[kind], { table, schema, model, ...part })
    const place = own?.place ?? source.place
    // One diagnostic a template says enough.
    if (named.tooLong && !reported.has(kind)) diagnostics.push(tooLong(`${kind} name`, named.name, place))
    if (named.tooLong) reported.add(kind)
    return named.name
  }
  for (const kind of ['table', 'function', 'trigger'] as const) {
    const own = annotation[kind]
    if (own) diagnostics.push(...checkTemplate(kind, own.value, 'model', own.place))
  }
  const names: AuditNames = {
    table: name('table'),
    captureFunction: name('function', { role: 'capture' }),
    keyFunction: name('function', { role: 'key' }),
    truncateFunction: name('function', { role: 'truncate' }),
    insertTrigger: name('trigger', { operation: 'insert' }),
    updateTrigger: name('trigger', { operation: 'update' }),
    deleteTrigger: name('trigger', { operation: 'delete' }),
    keyTrigger: name('trigger', { operation: 'key' }),
    truncateTrigger: name('trigger', { operation: 'truncate' }),
  }
  return { names, diagnostics: diagnostics.map((each) => ({ model, ...each })) }
}

/** A setting's column; `tooLong` where the user's own template made it so. */
export function settingColumnName(
  setting: string,
  options: NamingOptions,
): { name: string; tooLong: boolean } {
  return renderName('settingColumn', options.settingColumn, { setting })
}

/** Names from our own templates are shortened; those from a user's are the user's. */
function renderName(
  kind: TemplateKind,
  template: string,
  values: Readonly<Record<string, string>>,
): { name: string; tooLong: boolean } {
  if (template === DEFAULT_TEMPLATES[kind])
    return { name: renderDefaultTemplate(kind, values), tooLong: false }
  const name = renderTemplate(template, values)
  return { name, tooLong: byteLength(name) > MAX_IDENTIFIER_BYTES }
}

export function tooLong(what: string, name: string, place: SourcePlace | undefined): Diagnostic {
  return {
    code: 'AUD502',
    severity: 'error',
    message: `The ${what} "${name}" has ${byteLength(name)} bytes; PostgreSQL would cut it at ${MAX_IDENTIFIER_BYTES}.`,
    ...(place ? { place } : {}),
    hint: 'Shorten the template, or give the model a name of its own: @audit(enabled, table: "…"). Names from the default templates are shortened by themselves.',
  }
}
