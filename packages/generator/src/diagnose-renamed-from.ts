import type { At } from './annotation/audit-annotation.ts'
import { formerTable, type RenamedNodes } from './datamodel/renamed-from.ts'
import type { Diagnostic } from './diagnostics.ts'
import type { RenamedFromEffect, RenamedFromEffects } from './state/renamed-from-effect.ts'

/** Every `renamedFrom` that has no effect: it may stay, and it may go. */
export function diagnoseRenamedFrom(
  renamed: readonly RenamedNodes[],
  effects: RenamedFromEffects,
): readonly Diagnostic[] {
  return renamed.flatMap(({ source, from, columns }) => [
    ...(from === undefined
      ? []
      : withoutEffect(`"${source.name}"`, from, effects.ofTable(source, formerTable(from.value, source)))),
    ...columns.flatMap(({ model, field, column, from }) =>
      withoutEffect(`"${model}.${field}"`, from, effects.ofColumn(source, column, from.value)),
    ),
  ])
}

function withoutEffect(name: string, { value, place }: At<string>, effect: RenamedFromEffect): Diagnostic[] {
  if (effect === 'followed' || effect === 'possible') return []
  const said = `${name} says that it was called "${value}"`
  const [message, hint] =
    effect === 'unknown'
      ? [
          `${said}, which the history does not know.`,
          'It was followed already, or was never true: it may be removed.',
        ]
      : [
          `${said}, but both have a history of their own by now, and these stay apart.`,
          'Remove it. To join them all the same: if the audit migration that began the second one is not applied anywhere, delete its directory and generate again.',
        ]
  return [{ code: 'AUD609', severity: 'info', message, place, hint }]
}
