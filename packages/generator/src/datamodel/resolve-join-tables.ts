import { findField, type SchemaBlock } from '../annotation/schema-blocks.ts'
import type { AuditOptions } from '../config.ts'
import type { Diagnostic } from '../diagnostics.ts'
import { type AuditedTable, type Fact, PARTITION_UNITS } from '../model/audit-model.ts'
import type { SourcePlace } from '../model/place.ts'
import { resolveNames } from './audit-names.ts'
import { declareFacts, doubledFacts } from './facts.ts'
import { joinColumns } from './join-columns.ts'
import type { JoinRelation, RelationEnd } from './join-relations.ts'
import { readNodeAnnotation } from './node-annotation.ts'
import type { ResolvedTable } from './resolve-table.ts'
import type { SettingDeclaration } from './session-settings.ts'
import { resolveSettingColumns } from './setting-columns.ts'

export interface ResolvedJoinTable {
  readonly table: AuditedTable
  /** The field that stands for it in the schema, of an audited model. */
  readonly place: SourcePlace | undefined
  readonly diagnostics: readonly Diagnostic[]
}

interface JoinContext {
  readonly relations: readonly JoinRelation[]
  readonly blocks: readonly SchemaBlock[]
  readonly options: AuditOptions
}

/**
 * The join tables of audited models: one audited side is enough, for what it is connected with is part of what it is. An
 * `@audit(exclude)` above the field of either side leaves the table out. It carries what both sides ask for: the settings of
 * both, and of two wishes the stricter one.
 */
export function resolveJoinTables(
  audited: readonly ResolvedTable[],
  { relations, blocks, options }: JoinContext,
): readonly ResolvedJoinTable[] {
  const resolvedOf = new Map(audited.map((each) => [each.table.model, each]))
  return relations.flatMap((relation): readonly ResolvedJoinTable[] => {
    // That of A's model first.
    const ends = relation.ends
      .toReversed()
      .toSorted((a, b) => Number(resolvedOf.has(b.model.name)) - Number(resolvedOf.has(a.model.name)))
    const sides = [...new Set(ends.flatMap(({ model }) => resolvedOf.get(model.name) ?? []))]
    if (sides.length === 0 || ends.some((end) => isExcluded(end, blocks))) return []
    const [first] = ends
    return [
      resolveJoinTable(
        relation,
        sides,
        first && findField(blocks, first.model.name, first.field)?.place,
        options,
      ),
    ]
  })
}

function resolveJoinTable(
  relation: JoinRelation,
  sides: readonly ResolvedTable[],
  place: SourcePlace | undefined,
  options: AuditOptions,
): ResolvedJoinTable {
  const { source } = relation
  const model = source.name
  const at = place === undefined ? {} : { place }
  const { names, diagnostics } = resolveNames(
    { model, schema: source.schema, table: source.name, ...at },
    {},
    options,
  )
  const columns = joinColumns(relation)
  const tables = sides.map(({ table }) => table)
  const declarations = strictest(sides.flatMap((side) => side.declarations))
  const wanted = new Set(sides.flatMap((side) => side.facts))
  const facts = declareFacts([...wanted], place ?? { file: '', line: 1, column: 1, length: 1 })
  const { settings, diagnostics: settingProblems } = resolveSettingColumns(
    model,
    [...declarations, ...facts],
    columns,
    options,
  )
  const backfills = tables.flatMap((each) => each.backfill ?? [])
  const partitionBy = PARTITION_UNITS.find((unit) => tables.some((each) => each.partitionBy === unit))
  const table: AuditedTable = {
    model,
    source,
    names,
    columns,
    key: columns.map(({ name }) => name),
    settings,
    missingSettings: tables.some((each) => each.missingSettings === 'refuse') ? 'refuse' : 'record',
    truncate: tables.some((each) => each.truncate === 'refuse') ? 'refuse' : 'record',
    level:
      !isOfItself(relation) && sides.every((side) => asksForStatements(side, wanted)) ? 'statement' : 'row',
    updates: 'all',
    ...(backfills.length > 0 ? { backfill: backfills.includes('batches') ? 'batches' : true } : {}),
    ...(tables.some((each) => each.enableAlways) ? { enableAlways: true } : {}),
    ...(partitionBy ? { partitionBy } : {}),
  }
  return {
    table,
    place,
    diagnostics: [...diagnostics, ...settingProblems, ...doubledFacts(declarations, facts)],
  }
}

/** Any UPDATE of the model's key changes both halves of the key of a row that connects one with itself. */
function isOfItself({ ends }: JoinRelation): boolean {
  return ends[0].listed === ends[1].listed
}

/**
 * A row of a join table is nothing but its key, and both halves follow the keys that they refer to. One statement may change
 * both, whatever the models have to do with each other (`WITH a AS (UPDATE …) UPDATE …`): one half after the other, see
 * `keyChangedTwice`. So it is recorded row by row, unless whoever audits it writes out that this never happens.
 */
function asksForStatements({ table, isLevelWritten }: ResolvedTable, facts: ReadonlySet<Fact>): boolean {
  return (
    table.level === 'statement' &&
    isLevelWritten &&
    table.enableAlways !== true &&
    !facts.has('changed_columns')
  )
}

/** Each setting once: required without a default before one that has a default, and that before one that may be absent. */
function strictest(declarations: readonly SettingDeclaration[]): readonly SettingDeclaration[] {
  const rank = (setting: SettingDeclaration) =>
    setting.default === undefined ? (setting.required ? 0 : 2) : 1
  const names = new Set(declarations.map(({ name }) => name))
  return [...names].flatMap((name) =>
    declarations
      .filter((each) => each.name === name)
      .toSorted((a, b) => rank(a) - rank(b))
      .slice(0, 1),
  )
}

function isExcluded(end: RelationEnd, blocks: readonly SchemaBlock[]): boolean {
  const field = findField(blocks, end.model.name, end.field)
  const { annotation } = readNodeAnnotation('field', field?.annotations ?? [], {
    model: end.model.name,
    field: end.field,
  })
  return annotation?.policy?.value === 'exclude'
}
