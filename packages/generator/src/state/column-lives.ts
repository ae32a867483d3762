import type { MigrationStep } from './migration-step.ts'

/** What became of a column of a history, which the state alone does not tell. */
export interface ColumnLife {
  /** It came after the history began: NULL in rows from before. */
  readonly isLater?: true
  /** It was recorded only when it changed, now or once: older rows may say so by their marks. */
  readonly wasWhenChanged?: true
  /** The column of this name took its place, with another type or after a pause. */
  readonly formerOf?: string
}

/** By the column's name in the history. */
export type ColumnLives = ReadonlyMap<string, ColumnLife>

export function livesAfter(before: ColumnLives, step: MigrationStep): ColumnLives {
  switch (step.kind) {
    case 'createAuditTable': {
      const after = new Map(before)
      for (const { name, whenChanged } of step.table.columns) {
        const isLater = before.size > 0 && !before.has(name)
        after.set(name, { ...(isLater ? { isLater } : {}), ...held(before.get(name), whenChanged) })
      }
      return after
    }
    case 'addColumn':
      return new Map(before).set(step.column.name, {
        isLater: true,
        ...held(undefined, step.column.whenChanged),
      })
    case 'changeColumn': {
      const { name, whenChanged } = step.column
      return new Map(before).set(name, held(before.get(name), whenChanged))
    }
    case 'setAsideColumn':
      return moved(before, step.column, step.as, { formerOf: step.column })
    case 'renameColumn': {
      // What was set aside for this renaming makes room for another column: it is nobody's former self.
      const others = [...before].map(([name, { formerOf, ...life }]): [string, ColumnLife] => {
        if (formerOf === undefined || formerOf === step.to) return [name, life]
        return [name, { ...life, formerOf: formerOf === step.column ? step.to : formerOf }]
      })
      return moved(new Map(others), step.column, step.to, {})
    }
    default:
      return before
  }
}

function held(life: ColumnLife | undefined, whenChanged: true | undefined): ColumnLife {
  return { ...life, ...(whenChanged ? { wasWhenChanged: true } : {}) }
}

function moved(before: ColumnLives, from: string, to: string, more: ColumnLife): ColumnLives {
  const after = new Map(before)
  const life = after.get(from)
  after.delete(from)
  return after.set(to, { ...life, ...more })
}
