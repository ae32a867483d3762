import type { At } from '../annotation/audit-annotation.ts'
import type { Diagnostic } from '../diagnostics.ts'
import { type CaptureLevel, FACTS, type Fact } from '../model/audit-model.ts'
import type { ColumnType } from '../model/column-type.ts'
import type { SourcePlace } from '../model/place.ts'
import type { SettingDeclaration } from './session-settings.ts'

const TYPES: Readonly<Record<Fact, ColumnType>> = {
  client_addr: { name: 'inet', args: [], list: false },
  application_name: { name: 'text', args: [], list: false },
  changed_columns: { name: 'text', args: [], list: true },
  unchanged_columns: { name: 'smallint', args: [], list: true },
}

/** A fact takes its column as a setting does, and never a value of the application's. */
export function declareFacts(facts: readonly Fact[], place: SourcePlace): readonly SettingDeclaration[] {
  return ([...FACTS, 'unchanged_columns'] as const)
    .filter((fact) => facts.includes(fact))
    .map((fact) => ({
      name: fact,
      settingType: 'String',
      type: TYPES[fact],
      required: false,
      fact,
      place,
    }))
}

/** A setting and a fact of one name would share a column, and the one is asserted where the other is known. */
export function doubledFacts(
  settings: readonly SettingDeclaration[],
  facts: readonly SettingDeclaration[],
): readonly Diagnostic[] {
  return facts
    .filter(({ name }) => settings.some((setting) => setting.name === name))
    .map(({ name, place }) => ({
      code: 'AUD306',
      severity: 'error',
      message: `"${name}" is a session setting and a fact.`,
      ...(place.file === '' ? {} : { place }),
      hint: 'Give the setting another name, or leave the fact out.',
    }))
}

/** Which columns an update changed is known only where the row before is at hand. */
export function factAtStatement(
  facts: readonly Fact[],
  level: At<CaptureLevel> | undefined,
): readonly Diagnostic[] {
  if (level?.value !== 'statement' || !facts.includes('changed_columns')) return []
  return [
    {
      code: 'AUD205',
      severity: 'error',
      message:
        'The fact "changed_columns" contradicts "level: statement": only a row has an old and a new state.',
      place: level.place,
      hint: 'Leave "level" out: changed_columns brings level: row with it. Or give this model facts of its own, facts: [].',
    },
  ]
}
