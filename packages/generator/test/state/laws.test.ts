import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import type { ColumnType } from '../../src/model/column-type.ts'
import { applySteps, liveState } from '../../src/state/apply-steps.ts'
import type { DatabaseState } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { diffState } from '../../src/state/diff-state.ts'
import { foldParts, mergeSteps } from '../../src/state/fold-parts.ts'
import type { MigrationStep } from '../../src/state/migration-step.ts'
import { parseHeaders, renderPart } from '../../src/state/part-header.ts'
import { stateHash } from '../../src/state/state-hash.ts'
import { column, model, names, setting, state, table, type, waivable } from '../sql/fixture.ts'

const columnType: fc.Arbitrary<ColumnType> = fc.constantFrom(
  type('text'),
  type('varchar', [10]),
  type('varchar', [20]),
  type('integer'),
  type('bigint'),
  type('numeric', [10, 2]),
  type('numeric', [12, 2]),
  type('timestamptz', [3]),
  type('text', [], true),
)
const anyColumn = fc
  .tuple(fc.constantFrom('note', 'note__2', 'audit_x', 'Größe"\n', 'y'.repeat(63)), columnType, fc.boolean())
  .map(([name, columnTypeOf, isEnum]) => column(name, columnTypeOf, isEnum && columnTypeOf.name === 'text'))
const anySetting = fc
  .tuple(
    fc.constantFrom('username', 'reason', 'age'),
    fc.constantFrom('String', 'Int?', 'Uuid?'),
    fc.option(fc.constant('1'), { nil: undefined }),
  )
  .map(([name, typeName, value]) => setting(`${name} ${typeName}`, value))
const anyTable = (name: string): fc.Arbitrary<AuditedTable> =>
  fc
    .record({
      columns: fc
        .uniqueArray(anyColumn, { selector: (c) => c.name })
        .map((columns) => [column('id', 'integer'), ...columns]),
      settings: fc.uniqueArray(anySetting, { selector: (s) => s.name }),
      missingSettings: fc.constantFrom('refuse' as const, 'record' as const),
      truncate: fc.constantFrom('refuse' as const, 'record' as const),
      level: fc.constantFrom('statement' as const, 'row' as const),
      updates: fc.constantFrom('all' as const, 'changed' as const),
      key: fc.constantFrom(['id'], []),
    })
    .map((wishes) => table(name, wishes))
/** Few names for many objects, so that they change places in chains and circles. */
const SETTING_COLUMNS = ['audit_username', 'audit_reason', 'audit_age', 's']
const OBJECT_NAMES = ['one', 'two', 'three', 'z'.repeat(50)]
const anyNaming = fc.record({
  objects: fc.shuffledSubarray(OBJECT_NAMES, { minLength: OBJECT_NAMES.length }),
  columns: fc.shuffledSubarray(SETTING_COLUMNS, { minLength: SETTING_COLUMNS.length }),
  schema: fc.constantFrom('audit', 'history'),
  role: fc.option(fc.constantFrom('one', 'two')),
})
const anyState: fc.Arbitrary<DatabaseState> = fc
  .tuple(anyNaming, fc.tuple(...['Order', 'item', 'Zoo'].map((name) => fc.option(anyTable(name)))))
  .map(([{ objects, columns, schema, role }, tables]) => {
    const named = tables.flatMap((each, at) =>
      each === null
        ? []
        : [
            {
              ...each,
              names: names(objects[at] ?? ''),
              settings: each.settings.map((one, index) => ({ ...one, column: columns[index] ?? '' })),
            },
          ],
    )
    const waiver = role === null ? {} : { captureWaiverRole: role }
    return desiredState({ ...model(...named), auditSchema: schema, ...waiver })
  })

/** A new table may want the audit table of another one: that is refused. */
const isPossible = (step: MigrationStep) => step.kind !== 'unsupported'

/** A state with a past: retired columns, settings and tables. */
const grownState = fc
  .tuple(anyState, anyState, anyState)
  .map((states) => states.reduce((from, to) => applySteps(from, diffState(from, to))))

describe('the laws of states and steps', () => {
  it('a state does not differ from itself', () => {
    fc.assert(
      fc.property(anyState, (s) => {
        expect(diffState(s, s)).toEqual([])
      }),
    )
  })

  it('a state with a past differs from itself in nothing but what it still wants', () => {
    fc.assert(
      fc.property(grownState, (s) => {
        expect(diffState(s, s)).toEqual([])
      }),
    )
  })

  it('the steps from one state to another lead there, in all that is live', () => {
    fc.assert(
      fc.property(grownState, anyState, (from, to) => {
        const steps = diffState(from, to)
        fc.pre(steps.every(isPossible))
        const reached = liveState(applySteps(from, steps))
        expect(reached.tables).toEqual(liveState(to).tables)
        // The last audit schema is never removed: it holds history.
        expect(reached.schema).toEqual(to.schema ?? liveState(from).schema)
      }),
      { numRuns: 500 },
    )
  })

  it('no step takes history away: every column and table that was there is there', () => {
    fc.assert(
      fc.property(grownState, anyState, (from, to) => {
        const after = applySteps(from, diffState(from, to))
        const amount = (s: DatabaseState, name: string) =>
          s.tables.filter((t) => t.source.name === name).flatMap((t) => [...t.columns, ...t.settings]).length
        for (const { source } of from.tables)
          expect(amount(after, source.name)).toBeGreaterThanOrEqual(amount(from, source.name))
      }),
    )
  })

  it('the steps are valid one after the other: what one renames is there, and its new name is free', () => {
    fc.assert(
      fc.property(grownState, anyState, (from, to) => {
        const steps = diffState(from, to)
        steps.reduce((at, step) => {
          const after = applySteps(at, [step])
          if (step.kind.startsWith('rename')) expect(after).not.toEqual(at)
          const objects = after.tables.map((each) => `${each.schema}.${each.names.table}`)
          expect(new Set(objects).size).toBe(objects.length)
          const functions = after.tables
            .filter(({ capturing }) => capturing)
            .map((each) => `${each.schema}.${each.names.captureFunction}`)
          expect(new Set(functions).size).toBe(functions.length)
          for (const each of after.tables) {
            const taken = [...each.columns.map((c) => c.name), ...each.settings.map((s) => s.column)]
            expect(new Set(taken).size).toBe(taken.length)
          }
          return after
        }, from)
        const [last] = steps.slice(-1)
        expect(steps.some(({ kind }) => kind === 'dropSchema')).toBe(last?.kind === 'dropSchema')
      }),
      { numRuns: 500 },
    )
  })

  it('every table is in the audit schema, whatever it was called when the table came', () => {
    fc.assert(
      fc.property(grownState, (s) => {
        expect(s.tables.filter(({ schema }) => schema !== s.schema?.name)).toEqual([])
      }),
    )
  })

  it('functions that leave out what is waived have a role to ask for, after every step', () => {
    fc.assert(
      fc.property(grownState, anyState, (from, to) => {
        diffState(from, to).reduce((at, step) => {
          const after = applySteps(at, [step])
          const isAsked = after.tables.some(({ waivable, capturing }) => waivable && capturing)
          if (isAsked && to.schema) expect(after.schema?.waiverRole).toBeDefined()
          return after
        }, from)
      }),
    )
  })

  it('no two columns of an audit table ever share a name, and none is too long', () => {
    fc.assert(
      fc.property(grownState, (s) => {
        for (const t of s.tables) {
          const names = [...t.columns.map((c) => c.name), ...t.settings.map((each) => each.column)]
          expect(new Set(names).size).toBe(names.length)
          expect(names.filter((name) => Buffer.byteLength(name) > 63)).toEqual([])
        }
      }),
    )
  })

  it('steps survive their header, whatever the names hold', () => {
    fc.assert(
      fc.property(grownState, anyState, (from, to) => {
        const steps = diffState(from, to).filter(isPossible)
        const text = `ALTER TABLE x;\n${renderPart(stateHash(from), steps, 'SELECT 1;\n')}`
        for (const file of [text, text.replaceAll('\n', '\r\n')]) {
          expect(parseHeaders(file)).toEqual({
            parts: [{ from: stateHash(from), steps, line: 2, isIntact: true }],
            problems: [],
          })
        }
      }),
    )
  })

  it('a part that was edited by hand is no longer intact, and one beside it still is', () => {
    const steps = diffState({ schema: undefined, tables: [] }, state(table('Order')))
    const part = renderPart(stateHash(state()), steps, 'SELECT 1;\n')
    const intact = (text: string) => parseHeaders(text).parts.map(({ isIntact }) => isIntact)
    expect(intact(part + part.replace('SELECT 1', 'SELECT 2') + part)).toEqual([true, false, true])
    expect(intact(part.replace('"name":"Order"', '"name":"Odrer"'))).toEqual([false])
    expect(intact(part.replace(/ text=\S+/, ''))).toEqual([false])
  })

  it('folding the parts of a folder gives the state that wrote them', () => {
    fc.assert(
      fc.property(fc.array(anyState, { maxLength: 6 }), (wishes) => {
        let current: DatabaseState = { schema: undefined, tables: [] }
        const files = wishes.map((to, index) => {
          const steps = diffState(current, to).filter(isPossible)
          const text = renderPart(stateHash(current), steps)
          current = applySteps(current, steps)
          return { migration: String(index), text }
        })
        const { state, problems } = foldParts(files)
        expect({ state, problems }).toEqual({ state: current, problems: [] })
      }),
    )
  })

  it('equal states have equal hashes whatever the order of properties, and other states others', () => {
    const one = state(table('Order'))
    const turned = JSON.parse(JSON.stringify(one), (_, value) =>
      value && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    ) as DatabaseState
    expect(stateHash(turned)).toBe(stateHash(one))
    expect(stateHash(state(table('Orders')))).not.toBe(stateHash(one))
    expect(stateHash(one)).toMatch(/^[0-9a-f]{16}$/)
  })
})

describe('two branches', () => {
  const base = state(table('Order'), table('Item'))
  const part = (from: DatabaseState, to: DatabaseState, migration: string) => ({
    migration,
    text: renderPart(stateHash(from), diffState(from, to)),
  })
  const empty: DatabaseState = { schema: undefined, tables: [] }
  const more = (...names: string[]) => [
    column('id', 'integer'),
    column('note', 'text'),
    ...names.map((name) => column(name, 'text')),
  ]
  const left = state(table('Order', { columns: more('left') }), table('Item'))
  const right = state(table('Order', { columns: more('right') }), table('Item'))
  const files = [part(empty, base, '1'), part(base, left, '2'), part(base, right, '3')]

  it('fold to the union, and the table that both changed is named', () => {
    const { state: folded, problems } = foldParts(files)
    expect(folded.tables.find((t) => t.source.name === 'Order')?.columns.map((c) => c.name)).toEqual([
      'id',
      'note',
      'left',
      'right',
    ])
    expect(problems).toMatchObject([
      { kind: 'diverged', migration: '3', tables: [{ schema: 'public', name: 'Order' }] },
    ])
  })

  it('are settled by one merge part that emits the functions anew', () => {
    const { state: folded, problems } = foldParts(files)
    const steps = mergeSteps(problems)
    expect(steps).toEqual([
      { kind: 'replaceFunctions', source: { schema: 'public', name: 'Order' }, reason: 'branches met' },
    ])
    const merge = { migration: '4', text: renderPart(stateHash(folded), steps) }
    const again = foldParts([...files, merge])
    expect({ state: again.state, problems: again.problems }).toEqual({ state: folded, problems: [] })
  })

  it('need no merge where they changed different tables, and the next part starts from the union', () => {
    const other = state(table('Order'), table('Item', { columns: more('right') }))
    const { state: folded, problems } = foldParts([...files.slice(0, 2), part(base, other, '3')])
    expect(problems).toMatchObject([{ kind: 'diverged', tables: [] }])
    expect(mergeSteps(problems)).toEqual([])
    expect(
      foldParts([...files.slice(0, 2), part(base, other, '3'), part(folded, left, '4')]).problems,
    ).toEqual([])
  })

  it('that both say who may waive capture are settled by saying it once more', () => {
    const [one, two] = [waivable('one', table('Order')), waivable('two', table('Order'))]
    const start = state(table('Order'))
    const folder = [part(empty, start, '1'), part(start, one, '2'), part(start, two, '3')]
    const { state: folded, problems } = foldParts(folder)
    const steps = mergeSteps(problems, folded.schema)
    expect(steps).toEqual([
      { kind: 'changeWaiver', schema: 'audit', role: 'two' },
      { kind: 'replaceFunctions', source: { schema: 'public', name: 'Order' }, reason: 'branches met' },
    ])
    const merge = { migration: '4', text: renderPart(stateHash(folded), steps) }
    const again = foldParts([...folder, merge])
    expect({ state: again.state, problems: again.problems }).toEqual({ state: folded, problems: [] })
  })

  it('are told apart from a migration that went away', () => {
    const { problems } = foldParts([files[0], part(left, right, '3')].filter((file) => file !== undefined))
    expect(problems).toMatchObject([
      { kind: 'diverged', message: expect.stringContaining('a migration is missing or was edited') },
    ])
  })
})

describe('a header that cannot be read', () => {
  it.each([
    [
      'a newer version',
      '-- prisma-generator-audit v2 from=0123456789abcdef',
      'not "-- prisma-generator-audit v2',
    ],
    ['no hash', '-- prisma-generator-audit v1', 'reads headers'],
    [
      'an unknown step',
      '-- prisma-generator-audit v1 from=0123456789abcdef\n-- {"kind":"teleport"}',
      'unknown step "teleport"',
    ],
    ['broken JSON', '-- prisma-generator-audit v1 from=0123456789abcdef\n-- {"kind":}', 'not JSON'],
    [
      'a step without its parts',
      '-- prisma-generator-audit v1 from=0123456789abcdef\n-- {"kind":"retireTable"}',
      'no valid "source"',
    ],
  ])('is reported: %s', (_, text, message) => {
    expect(foldParts([{ migration: 'x', text }]).problems[0]).toMatchObject({
      kind: 'unreadable',
      migration: 'x',
      message: expect.stringContaining(message),
    })
  })
})

describe('a difference that has no step yet', () => {
  const from = state(table('Order'))
  const kinds = (steps: readonly MigrationStep[]) =>
    steps.map((step) => (step.kind === 'unsupported' ? step.change : step.kind))
  it('is unsupported by name, never nothing', () => {
    const moved = table('Order', { source: { schema: 'shop', name: 'Order' } })
    expect(kinds(diffState(from, state(moved)))).toEqual(['retireTable', 'shared audit table'])
  })
})
