import { suggest } from './annotation/closest-word.ts'
import { DEFAULT_TEMPLATES, type TemplateKind } from './datamodel/name-template.ts'
import type { Diagnostic } from './diagnostics.ts'
import {
  FACTS,
  type Fact,
  type MissingSettings,
  PARTITION_UNITS,
  type PartitionUnit,
  type TruncatePolicy,
} from './model/audit-model.ts'
import type { SourcePlace } from './model/place.ts'
import {
  oneOf,
  parseBoolean,
  parseDuration,
  parseRole,
  parseSchema,
  parseSettings,
  parseTemplate,
  type RawValue,
  type ReportOption,
  someOf,
  text,
} from './option-parsers.ts'

/** What the generator block says, defaults filled in. */
export interface AuditOptions {
  readonly output: string
  /** As written: `username String`, `app_uuid String? @db.Uuid`. */
  readonly sessionSettings: readonly string[]
  readonly facts: readonly Fact[]
  readonly missingSettings: MissingSettings
  readonly truncate: TruncatePolicy
  readonly partitionBy: PartitionUnit | 'none'
  readonly captureWaiverRole?: string
  readonly schema: string
  readonly table: string
  readonly function: string
  readonly trigger: string
  readonly settingColumn: string
  readonly migrations?: string
  readonly write: 'auto' | 'always' | 'never'
  readonly strict: boolean
  /** Milliseconds. */
  readonly lockTimeout: number
}

type OptionName = keyof AuditOptions
/**
 * Where an option stands in the schema: its value, its name, or one element of its list. A caller that knows no more may
 * give the block's place for all.
 */
export type OptionPlace = SourcePlace | ((option: string, part?: number | 'name') => SourcePlace | undefined)

interface OptionRow<Value> {
  /** As one would write it in the schema; empty where there is none. */
  readonly default: string
  readonly value: Value
  /** One line for the README. */
  readonly documentation: string
  readonly parse: (
    raw: RawValue,
    report: ReportOption,
    place: (element?: number) => SourcePlace | undefined,
  ) => Value | undefined
}

/** All options of the generator block. The README's table is rendered from this one. */
export const OPTIONS: { readonly [Name in OptionName]-?: OptionRow<AuditOptions[Name]> } = {
  output: {
    default: '"../generated/audit"',
    value: '../generated/audit',
    documentation: 'Folder of the typed module, relative to the schema file.',
    parse: text,
  },
  sessionSettings: {
    default: '[]',
    value: [],
    documentation:
      'What comes with every write, each like a Prisma field: `["username String", "reason String?"]`.',
    parse: parseSettings,
  },
  facts: {
    default: '[]',
    value: [],
    documentation:
      'What PostgreSQL knows of every write: `"client_addr"`, `"application_name"`, `"changed_columns"`; [docs/sql.md](docs/sql.md#facts).',
    parse: someOf(...FACTS),
  },
  missingSettings: {
    default: '"refuse"',
    value: 'refuse',
    documentation:
      'What happens to a write without a required setting: `"refuse"` stops it, `"record"` records NULL.',
    parse: oneOf('refuse', 'record'),
  },
  truncate: {
    default: '"record"',
    value: 'record',
    documentation:
      'What happens to TRUNCATE: `"record"` writes every vanishing row as deleted, `"refuse"` stops it.',
    parse: oneOf('record', 'refuse'),
  },
  partitionBy: {
    default: '"none"',
    value: 'none',
    documentation:
      'Partitions of each history by time: `"month"`, `"quarter"` or `"year"`, a year ahead; [docs/partitions.md](docs/partitions.md).',
    parse: oneOf(...PARTITION_UNITS, 'none'),
  },
  captureWaiverRole: {
    default: '',
    value: undefined,
    documentation:
      'Role whose members may waive capture for bulk maintenance, which leaves a row; [docs/sql.md](docs/sql.md#waiving-capture). Without it nobody can.',
    parse: parseRole,
  },
  schema: {
    default: '"audit"',
    value: 'audit',
    documentation:
      'PostgreSQL schema of the audit tables and functions; before `"public"` read [docs/schemas.md](docs/schemas.md).',
    parse: parseSchema,
  },
  table: template('table', 'Name of an audit table. Placeholders: `{table}`, `{schema}`, `{model}`.'),
  function: template('function', 'Name of a function. Placeholders: those of `table`, and `{role}`.'),
  trigger: template('trigger', 'Name of a trigger. Placeholders: those of `table`, and `{operation}`.'),
  settingColumn: template(
    'settingColumn',
    "Name of a setting's column in the audit table. Placeholder: `{setting}`.",
  ),
  migrations: {
    default: '',
    value: undefined,
    documentation:
      'Migrations folder, relative to the schema file; else the one that prisma.config.ts names.',
    parse: text,
  },
  write: {
    default: '"auto"',
    value: 'auto',
    documentation:
      'Whether `prisma generate` writes migrations: `"auto"` only where somebody will commit them, `"always"`, `"never"`.',
    parse: oneOf('auto', 'always', 'never'),
  },
  strict: {
    default: 'false',
    value: false,
    documentation: 'Fail, rather than tell, when a migration is missing and may not be written.',
    parse: parseBoolean,
  },
  lockTimeout: {
    default: '"5s"',
    value: 5000,
    documentation: 'How long a migration may wait for a lock on a table: `"500ms"`, `"5s"`, `"1min"`.',
    parse: parseDuration,
  },
}

/**
 * Reads the generator block's own options. What is wrong is reported, all at once, and its default taken, so that
 * the rest can be checked too. Never throws.
 */
export function parseOptions(
  config: Readonly<Record<string, string | string[] | undefined>>,
  place?: OptionPlace,
): { options: AuditOptions; diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const placeOf = (name: string, part?: number | 'name') =>
    typeof place === 'function' ? place(name, part) : place
  const names = Object.keys(OPTIONS)
  const values: Record<string, unknown> = {}
  for (const [name, { value }] of Object.entries(OPTIONS)) if (value !== undefined) values[name] = value

  for (const [name, raw] of Object.entries(config)) {
    if (raw === undefined) continue
    const at = isOptionName(name) ? placeOf(name) : placeOf(name, 'name')
    const report: ReportOption = (problem) =>
      void diagnostics.push({ code: 'AUD102', severity: 'error', ...(at ? { place: at } : {}), ...problem })
    if (!isOptionName(name)) {
      report({
        code: 'AUD101',
        message: `The generator has no option "${name}".`,
        hint: suggest(name, names),
      })
      continue
    }
    const value = OPTIONS[name].parse(raw, report, (element) => placeOf(name, element))
    if (value !== undefined) values[name] = value
  }
  // Every required option has a default in the table, which `OPTIONS`' own type checks.
  return { options: values as unknown as AuditOptions, diagnostics }
}

/** The generator writes PostgreSQL only. `provider` is the datasource's. */
export function checkDatasource(provider: string, place?: SourcePlace): readonly Diagnostic[] {
  if (provider === 'postgresql' || provider === 'postgres') return []
  return [
    {
      code: 'AUD105',
      severity: 'error',
      message: `The datasource's provider is "${provider}", and the audit trail is made of PostgreSQL triggers.`,
      ...(place ? { place } : {}),
      hint: 'Remove this generator from the schema, or use a datasource with provider = "postgresql".',
    },
  ]
}

function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name)
}

function template(kind: TemplateKind, documentation: string): OptionRow<string> {
  return {
    default: JSON.stringify(DEFAULT_TEMPLATES[kind]),
    value: DEFAULT_TEMPLATES[kind],
    documentation,
    parse: parseTemplate(kind),
  }
}

/** The option table as Markdown, for the README. */
export function renderOptionTable(): string {
  const rows = Object.entries(OPTIONS).map(([name, row]) => {
    const shown = row.default === '' ? '' : `\`${row.default}\``
    return `| \`${name}\` | ${shown} | ${row.documentation} |`
  })
  return ['| option | default | what it does |', '|---|---|---|', ...rows, ''].join('\n')
}
