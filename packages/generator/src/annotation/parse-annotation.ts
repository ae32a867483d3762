import type { Diagnostic } from '../diagnostics.ts'
import { FACTS, PARTITION_UNITS } from '../model/audit-model.ts'
import type { SourcePlace } from '../model/place.ts'
import type { At, AuditAnnotation, OptionName } from './audit-annotation.ts'
import { suggest } from './closest-word.ts'
import { notASetting, parseAnnotationSyntax } from './parser.ts'
import type { ListSyntax, OptionSyntax, SettingSyntax, ValueSyntax } from './syntax.ts'

type Report = (diagnostic: Omit<Diagnostic, 'severity'>) => undefined

const FLAGS = {
  enabled: { option: 'state', value: 'enabled' },
  disabled: { option: 'state', value: 'disabled' },
  record: { option: 'policy', value: 'record' },
  exclude: { option: 'policy', value: 'exclude' },
  redact: { option: 'policy', value: 'redact' },
  hash: { option: 'policy', value: 'hash' },
  whenChanged: { option: 'policy', value: 'whenChanged' },
  personal: { option: 'personal', value: true },
} as const satisfies Record<string, { option: OptionName; value: string | true }>

/** Options with a value: how it is read. What is not understood is reported and gives nothing. */
const VALUES = {
  sessionSettings: (value, name, report) => settings(value, name, report),
  facts: (value, name, report) => words(FACTS, value, name, report),
  level: (value, name, report) => oneOf(['statement', 'row'], value, name, report),
  updates: (value, name, report) => oneOf(['all', 'changed'], value, name, report),
  truncate: (value, name, report) => oneOf(['record', 'refuse'], value, name, report),
  missingSettings: (value, name, report) => oneOf(['refuse', 'record'], value, name, report),
  enableAlways: (value, name, report) => boolean(value, name, report),
  backfill: (value, name, report) => {
    const word = oneOf(['true', 'false', 'batches'], value, name, report)
    return word === 'batches' || word === undefined ? word : word === 'true'
  },
  partitionBy: (value, name, report) => oneOf([...PARTITION_UNITS, 'none'], value, name, report),
  table: (value, name, report) => nonEmptyString(value, name, report),
  function: (value, name, report) => nonEmptyString(value, name, report),
  trigger: (value, name, report) => nonEmptyString(value, name, report),
  renamedFrom: (value, name, report) => nonEmptyString(value, name, report),
  subject: (value, name, report) =>
    value.kind === 'word' ? value.word : nonEmptyString(value, name, report),
} as const satisfies {
  [Name in Exclude<OptionName, 'state' | 'policy' | 'personal'>]: (
    value: ValueSyntax,
    name: string,
    report: Report,
  ) => NonNullable<AuditAnnotation[Name]>['value'] | undefined
}

/** A word of `@audit(…)`: one that stands alone, or an option with a value. */
export type AnnotationWord = keyof typeof FLAGS | keyof typeof VALUES

const KNOWN = [...Object.keys(FLAGS), ...Object.keys(VALUES)]

/**
 * Reads the `@audit(…)` that stands at the start of `text`, and reports everything in it that is not understood.
 *
 * @param text The file's text from `@audit` to the end of its comment, `///` of later lines included.
 * @param place The place of `@audit`.
 */
export function parseAnnotation(
  text: string,
  place: SourcePlace,
): { annotation: AuditAnnotation; diagnostics: readonly Diagnostic[] } {
  const { syntax, diagnostics: syntaxProblems } = parseAnnotationSyntax(text, place)
  const diagnostics: Diagnostic[] = [...syntaxProblems]
  const report: Report = (diagnostic) => void diagnostics.push({ severity: 'error', ...diagnostic })

  const read = new Map<OptionName, At<unknown>>()
  const writtenAs = new Map<OptionName, string>()
  for (const option of syntax.options) {
    const known = readOption(option, report)
    if (!known) continue
    const before = writtenAs.get(known.option)
    if (before !== undefined) {
      reportSecond(before, option, report)
      continue
    }
    writtenAs.set(known.option, option.name.word)
    if (known.value !== undefined) read.set(known.option, { value: known.value, place: known.place })
  }
  if (syntax.options.length === 0 && syntaxProblems.length === 0) {
    report({
      code: 'AUD209',
      message: 'This annotation says nothing.',
      place,
      hint: 'Write @audit(enabled) above a model, or @audit(exclude) above a field.',
    })
  }
  return { annotation: { ...Object.fromEntries(read), place }, diagnostics }
}

/** The option that is meant, with its value where that is understood; nothing where the name is unknown. */
function readOption(
  { name, value, place }: OptionSyntax,
  report: Report,
): { option: OptionName; value: unknown; place: SourcePlace } | undefined {
  const { word } = name
  if (isKeyOf(FLAGS, word)) {
    const { option, value: meaning } = FLAGS[word]
    if (!value) return { option, value: meaning, place }
    report({
      code: 'AUD203',
      message: `"${word}" takes no value.`,
      place: value.place,
      hint: `Write @audit(${word}).`,
    })
    return { option, value: undefined, place }
  }
  if (isKeyOf(VALUES, word)) {
    if (value) return { option: word, value: VALUES[word](value, word, report), place: value.place }
    report({
      code: 'AUD203',
      message: `The option "${word}" needs a value.`,
      place: name.place,
      hint: `Write ${word}: and the value.`,
    })
    return { option: word, value: undefined, place }
  }
  return report({
    code: 'AUD202',
    message: `@audit has no option "${word}".`,
    place: name.place,
    hint: suggest(word, KNOWN),
  })
}

function reportSecond(before: string, { name }: OptionSyntax, report: Report): void {
  if (before === name.word) {
    report({
      code: 'AUD204',
      message: `The option "${name.word}" is given twice.`,
      place: name.place,
      hint: 'Remove one of the two.',
    })
  } else {
    report({
      code: 'AUD205',
      message: `"${name.word}" contradicts "${before}" in the same annotation.`,
      place: name.place,
      hint: 'Keep the one that is meant.',
    })
  }
}

function oneOf<const Word extends string>(
  words: readonly Word[],
  value: ValueSyntax,
  name: string,
  report: Report,
): Word | undefined {
  const written = value.kind === 'word' ? value.word : value.kind === 'string' ? value.text : undefined
  const word = words.find((each) => each === written)
  if (word !== undefined) return word
  return report({
    code: 'AUD203',
    message:
      written === undefined
        ? `The option "${name}" takes a word.`
        : `The option "${name}" does not know "${written}".`,
    place: value.place,
    hint: written === undefined ? `Known here: ${words.join(', ')}.` : suggest(written, words),
  })
}

/** Elements that are none of the words are reported and left out. */
function words<const Word extends string>(
  known: readonly Word[],
  value: ValueSyntax,
  name: string,
  report: Report,
): readonly Word[] | undefined {
  const list = listOf(value, name, String(known[0]), report)
  return list?.elements.flatMap((element) => oneOf(known, element, name, report) ?? [])
}

function boolean(value: ValueSyntax, name: string, report: Report): boolean | undefined {
  const word = oneOf(['true', 'false'], value, name, report)
  return word && word === 'true'
}

function nonEmptyString(value: ValueSyntax, name: string, report: Report): string | undefined {
  if (value.kind === 'string' && value.text !== '' && !value.text.includes('\0')) return value.text
  return report({
    code: 'AUD203',
    message:
      value.kind === 'string'
        ? `The option "${name}" needs a name that is not empty.`
        : `The option "${name}" takes a string.`,
    place: value.place,
    hint: `Write it in double quotes: ${name}: "…"`,
  })
}

/** Elements that are no settings are reported and left out. */
function settings(value: ValueSyntax, name: string, report: Report): readonly SettingSyntax[] | undefined {
  const list = listOf(value, name, 'username String, reason String?', report)
  return list && listSettings(list, report)
}

function listOf(value: ValueSyntax, name: string, example: string, report: Report): ListSyntax | undefined {
  if (value.kind === 'list') return value
  return report({
    code: 'AUD203',
    message: `The option "${name}" takes a list.`,
    place: value.place,
    hint: `Write it in brackets: ${name}: [${example}]`,
  })
}

function listSettings({ elements }: ListSyntax, report: Report): readonly SettingSyntax[] {
  return elements.flatMap((element) => {
    if (element.kind === 'setting') return [element]
    const quoted = element.kind === 'string' ? { hint: `Write it without quotes here: ${element.text}` } : {}
    report({ code: 'AUD201', ...notASetting, ...quoted, place: element.place })
    return []
  })
}

function isKeyOf<Table extends object>(table: Table, key: string): key is Extract<keyof Table, string> {
  return Object.hasOwn(table, key)
}
