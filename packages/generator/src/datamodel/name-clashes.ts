import type { Diagnostic } from '../diagnostics.ts'
import type { AuditedTable } from '../model/audit-model.ts'
import { ERASURE_TABLES, HASH_KEY_TABLE, PAUSE_TABLE, SEAL_TABLES, WAIVER_TABLE } from '../model/names.ts'
import type { SourcePlace } from '../model/place.ts'

/**
 * Two models whose audit tables or functions would be one: the second CREATE OR REPLACE would silently take over the
 * first one's triggers. One diagnostic a pair.
 */
export function findNameClashes(
  tables: readonly AuditedTable[],
  placeOf: (model: string) => SourcePlace | undefined,
): readonly Diagnostic[] {
  const tableOwners = new Map<string, AuditedTable>()
  const functionOwners = new Map<string, AuditedTable>()
  return tables.flatMap((table) => {
    const { names, model } = table
    const functions = [names.captureFunction, names.keyFunction, names.truncateFunction]
    const at = placeOf(model)
    const sameTable = tableOwners.get(names.table)
    const sameFunction = functions.find((name) => functionOwners.has(name))
    const functionOwner = sameFunction === undefined ? undefined : functionOwners.get(sameFunction)
    tableOwners.set(names.table, sameTable ?? table)
    for (const name of functions) functionOwners.set(name, functionOwners.get(name) ?? table)
    if (sameTable) return [clash(sameTable, table, `audit table "${names.table}"`, at)]
    if (functionOwner) return [clash(functionOwner, table, `function "${sameFunction}"`, at)]
    return []
  })
}

/** An audit table that would be one of those that all audit tables share. */
export function findSharedTableClashes(
  tables: readonly AuditedTable[],
  hasWaivers: boolean,
  placeOf: (model: string) => SourcePlace | undefined,
): readonly Diagnostic[] {
  const hasHashes = tables.some(({ columns }) => columns.some(({ policy }) => policy === 'hash'))
  const taken = new Map<string, string>([
    ...Object.values(hasWaivers ? WAIVER_TABLE : {}).map((name) => [name, 'table of waivers'] as const),
    ...Object.values(hasHashes ? HASH_KEY_TABLE : {}).map((name) => [name, 'table of hash keys'] as const),
    ...Object.values(SEAL_TABLES).flatMap((names) =>
      Object.values(names).map((name) => [name, 'table of seals'] as const),
    ),
    ...Object.values(ERASURE_TABLES).flatMap((names) =>
      Object.values(names).map((name) => [name, 'table of erasures'] as const),
    ),
    ...Object.values(PAUSE_TABLE).map((name) => [name, 'table of pauses'] as const),
  ])
  return tables.flatMap(({ model, names }): readonly Diagnostic[] => {
    const place = placeOf(model)
    const what = taken.get(names.table)
    if (what === undefined) return []
    return [
      {
        code: 'AUD503',
        severity: 'error',
        message: `The audit table of "${model}" would have the name of the ${what}: "${names.table}".`,
        ...(place ? { place } : {}),
        model,
        hint: 'Give it another one: @audit(enabled, table: "…")',
      },
    ]
  })
}

function clash(first: AuditedTable, second: AuditedTable, what: string, place?: SourcePlace): Diagnostic {
  const named = ({ model, source }: AuditedTable) => `"${model}" (${source.schema}.${source.name})`
  return {
    code: 'AUD503',
    severity: 'error',
    message: `Models ${named(first)} and ${named(second)} would share the ${what}.`,
    ...(place ? { place } : {}),
    model: second.model,
    hint:
      first.source.schema === second.source.schema
        ? 'Give one of them names of its own: @audit(enabled, table: "…", function: "…_{role}")'
        : 'Put the schema into the names, in the generator block:\ntable    = "{schema}_{table}_audit"\nfunction = "{schema}_{table}_audit_{role}"',
  }
}
