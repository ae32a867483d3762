import { applySteps } from '../../src/state/apply-steps.ts'
import { type DatabaseState, EMPTY_STATE } from '../../src/state/database-state.ts'
import { diffState } from '../../src/state/diff-state.ts'
import type { MigrationStep } from '../../src/state/migration-step.ts'
import { base, CASES, change, source } from './evolution-cases.ts'
import { column, setting, state, up } from './fixture.ts'
import { RENAMES } from './rename-cases.ts'

/** A change of the audit on a database that holds what was there before. */
export interface Example {
  readonly from: DatabaseState
  readonly steps: readonly MigrationStep[]
  /** What the database holds before: the sources, and the audit of `from`. */
  readonly before: string
  readonly prisma?: string | undefined
}

const installed = up(state(base))
const retired = applySteps(state(base), diffState(state(base), state()))
const onBase = (...steps: readonly MigrationStep[]): Example => ({
  from: state(base),
  steps,
  before: source + installed,
})

const withTotal = [...base.columns, column('total', 'integer')]
/** The key changes and, with it, the audit table: two tables that one transaction could lock. */
const composed: readonly (readonly [string, Example])[] = [
  [
    'key-and-column',
    {
      ...onBase(...diffState(state(base), change({ columns: withTotal, key: ['id', 'note'] }).to)),
      prisma: 'ALTER TABLE "Order" ADD COLUMN total int',
    },
  ],
  [
    'key-and-settings',
    onBase(...diffState(state(base), change({ key: ['id', 'note'], missingSettings: 'record' }).to)),
  ],
]

/** Every kind of change, by name. */
export const EXAMPLES: ReadonlyMap<string, Example> = new Map([
  ...CASES.map(({ name, from, to, prisma }): [string, Example] => [
    name,
    { from, steps: diffState(from, to), before: source + (from.schema ? up(from) : ''), prisma },
  ]),
  // That one begins with a retired table, which `up` does not install; `move-audit-schema` is the same without.
  ...RENAMES.filter(({ name }) => name !== 'move-schema').map(
    ({ name, from, steps, sources, prisma }): [string, Example] => [
      name,
      { from, steps, before: sources + up(from), prisma },
    ],
  ),
  [
    'optional-setting',
    onBase(...diffState(state(base), change({ settings: [...base.settings, setting('note String?')] }).to)),
  ],
  ['enum-changed', onBase({ kind: 'replaceFunctions', source: base.source, reason: 'enum changed' })],
  ['column-retyped', onBase({ kind: 'replaceFunctions', source: base.source, reason: 'column retyped' })],
  ['branches-met', onBase({ kind: 'replaceFunctions', source: base.source, reason: 'branches met' })],
  ['upgrade', onBase({ kind: 'upgradeSchema', sqlVersion: 2 })],
  [
    'resume-table',
    {
      from: retired,
      steps: diffState(retired, state(base)),
      before: `${source + installed} COMMIT; ${up(state(), state(base))}`,
    },
  ],
  ['adopt', { from: EMPTY_STATE, steps: diffState(EMPTY_STATE, state(base)), before: source + installed }],
  [
    'move-audit-schema',
    onBase(
      { kind: 'moveSchema', name: 'trail', sqlVersion: 1 },
      { kind: 'renameObjects', source: base.source, schema: 'trail', names: base.names },
      { kind: 'dropSchema', name: 'audit' },
    ),
  ],
  ...composed,
] satisfies readonly (readonly [string, Example])[])
