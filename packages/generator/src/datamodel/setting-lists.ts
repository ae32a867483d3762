import { parseSettingSyntax } from '../annotation/parser.ts'
import type { SettingSyntax } from '../annotation/syntax.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { SourcePlace } from '../model/place.ts'
import { resolveSetting, type SettingDeclaration } from './session-settings.ts'

/** The settings of one list, without those that have a problem. */
export interface SettingList {
  readonly settings: readonly SettingDeclaration[]
  readonly diagnostics: readonly Diagnostic[]
}

/** The list of a model's annotation. */
export function resolveSettingList(syntaxes: readonly SettingSyntax[]): SettingList {
  const resolved = syntaxes.map(resolveSetting)
  const settings = resolved.flatMap(({ setting }) => setting ?? [])
  return withoutDoubles(
    settings,
    resolved.flatMap(({ diagnostics }) => diagnostics),
  )
}

/**
 * The list of the generator block. `parseOptions` has already reported what is wrong inside each element; here only
 * what is wrong between them.
 */
export function resolveGeneratorSettings(
  texts: readonly string[],
  place: (element: number) => SourcePlace | undefined,
): SettingList {
  const settings = texts.flatMap((text, index) => {
    const { syntax, diagnostics } = parseSettingSyntax(text, place(index) ?? NOWHERE)
    return (diagnostics.length === 0 && syntax && resolveSetting(syntax).setting) || []
  })
  return withoutDoubles(settings, [])
}

/** Stands for a place that is not known; `placed` leaves it out of diagnostics. */
const NOWHERE: SourcePlace = { file: '', line: 1, column: 1, length: 1 }

function placed(place: SourcePlace): { place?: SourcePlace } {
  return place.file === '' ? {} : { place }
}

function withoutDoubles(settings: readonly SettingDeclaration[], before: readonly Diagnostic[]): SettingList {
  const kept: SettingDeclaration[] = []
  const diagnostics = [...before]
  for (const setting of settings) {
    if (kept.some(({ name }) => name === setting.name)) {
      diagnostics.push({
        code: 'AUD306',
        severity: 'error',
        message: `The session setting "${setting.name}" is declared twice in one list.`,
        ...placed(setting.place),
        hint: 'Remove one of the two.',
      })
    } else kept.push(setting)
  }
  return { settings: kept, diagnostics }
}

/**
 * One context has to fit all models, and PostgreSQL does not tell `audit.UserId` from `audit.userid`: reports settings
 * of one name and different types, and settings whose names differ only in case.
 */
export function compareSettings(lists: readonly (readonly SettingDeclaration[])[]): readonly Diagnostic[] {
  const firsts = new Map<string, SettingDeclaration>()
  const diagnostics: Diagnostic[] = []
  for (const setting of new Set(lists.flat())) {
    const first = firsts.get(setting.name.toLowerCase())
    if (!first) {
      firsts.set(setting.name.toLowerCase(), setting)
    } else if (first.name !== setting.name) {
      diagnostics.push({
        code: 'AUD307',
        severity: 'error',
        message: `The session settings "${first.name}" and "${setting.name}" differ only in case, and PostgreSQL holds them for one.`,
        ...placed(setting.place),
        hint: `Write "${first.name}" in both places, or choose another name.`,
      })
    } else if (first.settingType !== setting.settingType) {
      diagnostics.push({
        code: 'AUD308',
        severity: 'error',
        message: `The session setting "${setting.name}" is ${setting.settingType} here and ${first.settingType} ${whereItIs(first)}.`,
        ...placed(setting.place),
        hint: 'One context serves all models: give the setting one type, or two names.',
      })
    }
  }
  return diagnostics
}

function whereItIs({ place }: SettingDeclaration): string {
  return place.file === '' ? 'in the generator block' : `in ${place.file}:${place.line}`
}
