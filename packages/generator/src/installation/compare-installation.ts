import { nameKey } from '../model/names.ts'
import type { WrittenFunctions } from '../model/written-function.ts'
import type { BASE_FUNCTIONS } from '../sql/object-names.ts'
import { publishedBesides } from '../sql/published-tables.ts'
import { openFunction, openSchema, quoted } from '../sql/repair-statements.ts'
import { type DatabaseState, homeOf } from '../state/database-state.ts'
import { hasHashes } from '../state/hashing.ts'
import { hasPartitions } from '../state/partitioning.ts'
import { compareErasure, comparePruning } from './compare-erasure.ts'
import { baseName, compareFunction, type FunctionsThere, ownFunction } from './compare-functions.ts'
import { compareHistory } from './compare-history.ts'
import { leftOver, orphans } from './compare-orphans.ts'
import { compareOwnTables, ownTablesThere } from './compare-own-tables.ts'
import { compareReplication } from './compare-replication.ts'
import { compareRetired, retiredHistories } from './compare-retired.ts'
import { type Finding, type InstallationStatus, mendedBy, type Unaudited } from './installation-status.ts'
import type { LiveDatabase } from './live-database.ts'

/** What an installation should be. */
export interface Expectation {
  /** The state that the migrations build, or without migrations the one that the schema wants. */
  readonly state: DatabaseState
  readonly written: WrittenFunctions
  /** Directory names of the migrations that have an audit part. */
  readonly parts: readonly string[]
  /** The schema wants what no migration has yet. */
  readonly isUngenerated: boolean
  /** By `nameKey` of the source: the model. */
  readonly models: ReadonlyMap<string, string>
  readonly unaudited: Unaudited
}

const GENERATE = 'npx prisma generate, then npx prisma migrate deploy'
const DEPLOY = 'npx prisma migrate deploy'
const INSTALL = 'npx prisma-generator-audit install'

/** Holds a live database against what it should be. Pure: all that is known of either is handed in. */
export function compareInstallation(expected: Expectation, live: LiveDatabase): InstallationStatus {
  const { state, written, models, unaudited } = expected
  const schema = state.schema?.name ?? 'audit'
  const { applied } = live
  const pending = applied === undefined ? [] : expected.parts.filter((name) => !applied.has(name))
  const functions: FunctionsThere = {
    schema,
    live: live.functions,
    written,
    owner: ownerOf(state, live),
    remedy: pending.length > 0 ? DEPLOY : expected.isUngenerated ? GENERATE : INSTALL,
    isBehind: pending.length > 0,
  }
  const tables = state.tables.filter(({ capturing }) => capturing)
  const histories = tables.map((table) =>
    compareHistory(table, models.get(nameKey(table.source)) ?? table.source.name, live, functions),
  )
  const replication = compareReplication(
    toBePublished(state, live, functions.owner),
    live.publications,
    live.slots,
  )
  const findings = [
    ...pending.map(
      (name): Finding => ({
        state: 'outdated',
        object: `migration ${name}`,
        message: 'is not applied here',
        hint: DEPLOY,
      }),
    ),
    ...(expected.isUngenerated ? [UNGENERATED] : []),
    ...(live.schemaOwner === null && tables.length > 0 ? [noSchema(schema, functions.remedy)] : []),
    ...(live.schemaOwner === null
      ? []
      : [
          ...baseFindings(state, functions),
          ...closedDoor(state, live, functions),
          ...compareOwnTables(state, live, functions),
          ...compareRetired(state, live, functions),
        ]),
    ...orphans(state, live, written),
    ...leftOver(state, live),
    ...silencing(live),
    ...(state.schema === undefined ? [] : compareErasure(homeOf(state.schema), live.functions)),
    ...replication.findings,
    ...(state.schema === undefined ? [] : comparePruning(homeOf(state.schema), live.functions)),
  ]
  return {
    database: live.database,
    schema,
    isInstalled: findings.length === 0 && histories.every((each) => each.state === 'installed'),
    histories,
    pending,
    findings,
    retired: retiredHistories(state, live).map(({ name, bytes }) => ({ name, bytes })),
    staleSchemas: live.staleSchemas,
    unaudited,
    role: live.role,
    ownsHistory: live.ownsHistory,
    ownsTables: tables
      .map(({ source }) => source)
      .filter((source) => live.sources.some((each) => each.isOwned && nameKey(each) === nameKey(source)))
      .map((source) => `${source.schema}.${source.name}`),
    rules: live.rules.map(({ rule, ...on }) => `${rule} on ${on.schema}.${on.name}`),
    settingsBroughtAlong: live.settings
      .filter(({ setting }) => !isSilencing(setting))
      .map(({ role, database, setting }) => `${bearer(role, database)}: ${setting}`),
    replication: replication.status,
  }
}

/** Every history, and what there is of the audit's own tables that a second server needs: a command may have made one since. */
function toBePublished(state: DatabaseState, { details }: LiveDatabase, owner: string): readonly string[] {
  const histories = state.tables.map(({ names }) => names.table)
  if (state.schema === undefined) return histories
  const there = new Set(ownTablesThere(homeOf(state.schema), details, owner).map(({ name }) => name))
  const own = publishedBesides(state.schema).map(({ names }) => names.table)
  return [...histories, ...own.filter((name) => there.has(name))]
}

/** A schema that the application's objects share says nothing of who owns ours: the first history does. */
function ownerOf({ schema, tables }: DatabaseState, { histories, schemaOwner }: LiveDatabase): string {
  if (!schema?.shared) return schemaOwner ?? ''
  const live = tables.toSorted((a, b) => Number(b.capturing) - Number(a.capturing))
  const [first] = live.flatMap(({ names }) => histories.filter(({ name }) => name === names.table))
  return first?.owner ?? schemaOwner ?? ''
}

const UNGENERATED: Finding = {
  state: 'outdated',
  object: 'the schema',
  message: 'asks for another audit than the migrations make',
  hint: GENERATE,
}

function noSchema(schema: string, hint: string): Finding {
  return { state: 'missing', object: `schema "${schema}"`, message: 'is not there', hint }
}

/** The functions that all tables share: those that every write needs, those that make partitions, and those that migrations call. */
function baseFindings(state: DatabaseState, functions: FunctionsThere): readonly Finding[] {
  const { schema } = state
  if (schema === undefined) return []
  const name = (role: keyof typeof BASE_FUNCTIONS) => baseName(role, schema.shared)
  return [
    ...compareFunction(functions, name('setContext'), true),
    ...compareFunction(functions, name('missingSetting')),
    ...compareFunction(functions, name('appendOnly')),
    ...compareFunction(functions, name('requireSource')),
    ...compareFunction(functions, name('keepPrivate')),
    ...(hasPartitions(state)
      ? [
          ...compareFunction(functions, name('preparePartitions')),
          ...compareFunction(functions, name('makePartition')),
          ...compareFunction(functions, name('partitionHistory')),
        ]
      : []),
    ...(hasHashes(state)
      ? [...compareFunction(functions, name('hashValue')), ...compareFunction(functions, name('makeHashKey'))]
      : []),
    ...(schema.waiverRole === undefined
      ? []
      : [
          ...compareFunction(functions, name('waiveCapture'), true),
          ...compareFunction(functions, name('recordWaiver')),
        ]),
  ].map((finding) => ({ ...finding, isOfBase: true as const }))
}

/** A dump without privileges loses what writers without the client extension need. */
function closedDoor(
  { schema }: DatabaseState,
  { isOpenToWriters }: LiveDatabase,
  { live, written }: FunctionsThere,
): readonly Finding[] {
  if (schema === undefined) return []
  const name = { schema: schema.name, name: baseName('setContext', schema.shared) }
  const found = ownFunction(live, name.name, written.get(nameKey(name)) ?? [])
  const isCallable = found?.grants.some(
    ({ role, privileges }) => role === null && privileges.includes('EXECUTE'),
  )
  return [
    ...(schema.shared || isOpenToWriters
      ? []
      : [
          mendedBy(
            {
              state: 'outdated',
              object: `schema "${schema.name}"`,
              message: 'is closed to writers, which set their context by a function in it',
            },
            openSchema(schema.name),
          ),
        ]),
    ...(found === undefined || isCallable
      ? []
      : [
          mendedBy(
            { state: 'outdated', object: `function ${quoted(name)}`, message: 'cannot be called by writers' },
            openFunction({ ...name, arguments: found.arguments }),
          ),
        ]),
  ]
}

/** A role or a database under whose sessions no ordinary trigger fires. */
function silencing({ settings }: LiveDatabase): readonly Finding[] {
  return settings
    .filter(({ setting }) => isSilencing(setting))
    .map(({ role, database, setting }) => ({
      state: 'disabled',
      object: bearer(role, database),
      message: `brings ${setting} along: no ordinary trigger fires in its sessions`,
      hint: 'Take it back with ALTER ROLE or ALTER DATABASE, RESET session_replication_role.',
    }))
}

function isSilencing(setting: string): boolean {
  return /^session_replication_role=(?!origin|local)/.test(setting)
}

function bearer(role: string | null, database: string | null): string {
  if (role === null) return `database ${database}`
  return database === null ? `role ${role}` : `role ${role} in database ${database}`
}
