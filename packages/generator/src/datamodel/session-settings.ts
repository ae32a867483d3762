import { suggest } from '../annotation/closest-word.ts'
import type { AttributeSyntax, SettingSyntax, ValueSyntax } from '../annotation/syntax.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { Fact, SettingType } from '../model/audit-model.ts'
import type { ColumnType } from '../model/column-type.ts'
import type { SourcePlace } from '../model/place.ts'
import { columnType, nativeTypeNames, type PrismaScalar } from './column-types.ts'
import { defaultText } from './setting-default.ts'

/** A setting as declared: what the audit model needs of it, but the column's name, which depends on the naming. */
export interface SettingDeclaration {
  readonly name: string
  readonly settingType: SettingType
  readonly type: ColumnType
  readonly required: boolean
  readonly default?: string
  readonly fact?: Fact
  readonly place: SourcePlace
}

/** Prisma's scalars that a setting may have, and what they become. A `Uuid` is a String with `@db.Uuid`. */
const SETTING_SCALARS = {
  String: 'String',
  Int: 'Int',
  BigInt: 'BigInt',
  Float: 'Float',
  Boolean: 'Boolean',
  DateTime: 'DateTime',
  Decimal: 'Decimal',
  Json: 'Json',
} as const satisfies Partial<Record<PrismaScalar, SettingType>>

/** What both PostgreSQL, as `audit.<name>`, and the client extension take. */
const SETTING_NAME = /^[A-Za-z][A-Za-z0-9_]*$/

/** Checks a setting and gives its meaning; nothing where a problem leaves none. */
export function resolveSetting(syntax: SettingSyntax): {
  setting: SettingDeclaration | undefined
  diagnostics: readonly Diagnostic[]
} {
  const diagnostics: Diagnostic[] = []
  const report = (diagnostic: Omit<Diagnostic, 'severity'>): undefined => {
    diagnostics.push({ severity: 'error', ...diagnostic })
  }
  const { name, type, place } = syntax
  if (!SETTING_NAME.test(name)) {
    report({
      code: 'AUD311',
      message: `"${name}" cannot name a session setting.`,
      place,
      hint: 'A name is a letter followed by letters, digits and underscores, without accents.',
    })
  }
  const scalar = settingScalar(syntax)
  if (!scalar) {
    report({
      code: 'AUD301',
      message: `The session setting "${name}" has the unknown type "${type.word}".`,
      place: type.place,
      hint: suggest(type.word, Object.keys(SETTING_SCALARS)),
    })
    return { setting: undefined, diagnostics }
  }
  if (syntax.list) {
    report({
      code: 'AUD303',
      message: `The session setting "${name}" is a list, and a setting holds one value.`,
      place: type.place,
      hint: 'Declare it as Json to carry several values.',
    })
  }
  const { native, defaults } = sortAttributes(syntax, report)
  const column = settingColumn(name, scalar, native, report)
  if (!column) return { setting: undefined, diagnostics }

  const settingType: SettingType = column.name === 'uuid' ? 'Uuid' : SETTING_SCALARS[scalar]
  const text = defaults && defaultText(defaults, settingType, column)
  if (text && 'problem' in text) {
    report({
      code: 'AUD305',
      message: `The default of the session setting "${name}" ${text.problem}.`,
      place: defaults.place,
      hint: text.hint,
    })
  }
  if (diagnostics.length > 0) return { setting: undefined, diagnostics }
  const setting: SettingDeclaration = {
    name,
    settingType,
    type: column,
    required: !syntax.optional,
    ...(text && 'text' in text ? { default: text.text } : {}),
    place,
  }
  return { setting, diagnostics }
}

type SettingScalar = keyof typeof SETTING_SCALARS
type Report = (diagnostic: Omit<Diagnostic, 'severity'>) => undefined

function settingScalar({ type }: SettingSyntax): SettingScalar | undefined {
  return Object.hasOwn(SETTING_SCALARS, type.word) ? (type.word as SettingScalar) : undefined
}

function sortAttributes(syntax: SettingSyntax, report: Report) {
  const native = syntax.attributes.filter((each) => each.name.startsWith('db.'))
  const defaults = syntax.attributes.filter((each) => each.name === 'default')
  for (const unknown of syntax.attributes.filter((each) => ![...native, ...defaults].includes(each))) {
    report({
      code: 'AUD304',
      message: `A session setting does not know the attribute "@${unknown.name}".`,
      place: unknown.place,
      hint: `${suggest(unknown.name, ['default', 'db'])} A setting may carry one @db.… and one @default("…").`,
    })
  }
  for (const second of [...native.slice(1), ...defaults.slice(1)]) {
    report({
      code: 'AUD304',
      message: `The session setting "${syntax.name}" has two attributes of one kind: "@${second.name}" is the second.`,
      place: second.place,
      hint: 'Remove one of the two.',
    })
  }
  return { native: native[0], defaults: defaults[0] }
}

function settingColumn(
  name: string,
  scalar: SettingScalar,
  native: AttributeSyntax | undefined,
  report: Report,
): ColumnType | undefined {
  if (!native) return columnType(scalar, null, false)
  const nativeName = native.name.slice('db.'.length)
  const args = native.args.map(argumentText)
  const known = nativeTypeNames(scalar)
  const column = columnType(scalar, [nativeName, args], false)
  if (column) return column
  const isKnown = known.includes(nativeName)
  return report({
    code: 'AUD302',
    message: isKnown
      ? `"@${native.name}(${args.join(', ')})" has arguments that this type does not take.`
      : `"@${native.name}" is no native type for the session setting "${name}" of type ${scalar}.`,
    place: native.place,
    hint: isKnown
      ? `See @db.${nativeName} in Prisma's reference of PostgreSQL types.`
      : suggest(nativeName, known),
  })
}

function argumentText(value: ValueSyntax): string {
  return value.kind === 'number' ? value.digits : value.kind === 'word' ? value.word : ''
}
