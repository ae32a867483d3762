import type { ColumnType } from '../model/column-type.ts'
import type { QualifiedName } from '../model/names.ts'
import { derivedName } from '../state/own-names.ts'
import { renderSettingCast } from './column-type.ts'
import { inTransactions } from './render-migration.ts'
import { comment, ident, join, literal, paragraphs, qualified, type Sql, sql, sqlText } from './sql.ts'

/** The column by which the rows of a history belong to a tenant. */
export interface TenantColumn {
  readonly name: string
  readonly type: ColumnType
}

export interface ReadableHistory {
  readonly audit: QualifiedName
  /** `undefined` where tenants are kept apart and nothing tells whose these rows are: nobody may read them. */
  readonly tenant: TenantColumn | 'all' | undefined
}

export interface ReaderRights {
  readonly role: string
  readonly auditSchema: string
  /** Without the prefix `audit.`; it says whose rows may be read. */
  readonly setting: string
  readonly histories: readonly ReadableHistory[]
}

/**
 * What a role needs to read the history, as SQL that may be run again:
 *
 *     GRANT USAGE ON SCHEMA "audit" TO "app_history";
 *     GRANT SELECT ON "audit"."Order_audit" TO "app_history";
 *     ALTER TABLE "audit"."Order_audit" ENABLE ROW LEVEL SECURITY;
 *     CREATE POLICY "audit_reader_app_history" ON "audit"."Order_audit" FOR SELECT TO "app_history"
 *       USING ("tenant_id" = (SELECT nullif(current_setting('audit.tenant_id', true), '')::uuid));
 *
 * A view with the same condition would stand in the way when a column of the history gets another type; a policy names the
 * tenant's column only. Not FORCE: the capture functions go on writing as the owner. The subquery is asked once a statement and
 * not once a row.
 */
export function renderReaderRights(rights: ReaderRights): string {
  const { role, histories } = rights
  const unowned = histories.filter(({ tenant }) => tenant === undefined)
  const usage = readerUsage(rights)
  const isByTenant = histories.some(({ tenant }) => tenant !== 'all')
  const grants = histories.flatMap((history) =>
    history.tenant === undefined ? [] : [grant(history, rights)],
  )
  const first = [usage, ...(unowned.length === 0 ? [] : [closedHistories(unowned, role)])]
  // A policy locks its table against writers: one transaction a table, as in every migration of ours.
  const sections = isByTenant ? [paragraphs(first), ...grants] : [paragraphs([...first, ...grants])]
  return `${sqlText(header(rights))}\n\n${inTransactions(sections, {})}`
}

export function readerUsage({ role, auditSchema }: ReaderRights): Sql {
  return sql`GRANT USAGE ON SCHEMA ${ident(auditSchema)} TO ${ident(role)};`
}

/** The same for one history, where the tables may not be there yet. */
export function readerRightsOn(history: ReadableHistory, rights: ReaderRights): Sql {
  return history.tenant === undefined ? closed(history, rights.role) : grant(history, rights)
}

function header({ role, setting, histories }: ReaderRights): Sql {
  const isByTenant = histories.some(({ tenant }) => tenant !== 'all')
  const about = [
    `The role ${role} may read the history. To be run again when a model is audited that was not before.`,
    ...(isByTenant
      ? [
          `It sees the rows of the tenant that audit.${setting} names in its transaction, and none without it.`,
          'A version belongs to the tenant that its row had then. Other roles see these histories only by policies of their own.',
        ]
      : []),
  ]
  return join(
    about.map((line) => comment(line)),
    sql`\n`,
  )
}

function grant({ audit, tenant }: ReadableHistory, { role, setting }: ReaderRights): Sql {
  const table = qualified(audit)
  const select = sql`GRANT SELECT ON ${table} TO ${ident(role)};`
  if (tenant === 'all' || tenant === undefined) return select
  const policy = ident(derivedName(`audit_reader_${role}`, ''))
  const named = sql`nullif(pg_catalog.current_setting(${literal(`audit.${setting}`)}, true), '')`
  return sql`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS ${policy} ON ${table};
CREATE POLICY ${policy} ON ${table}
  FOR SELECT TO ${ident(role)}
  USING (${ident(tenant.name)} = (SELECT ${named}${renderSettingCast(tenant.type)}));
${select}`
}

function closedHistories(histories: readonly ReadableHistory[], role: string): Sql {
  const revokes = histories.map((history) => closed(history, role))
  return sql`${comment('Nothing says whose rows these are:')}
${join(revokes, sql`\n`)}`
}

function closed({ audit }: ReadableHistory, role: string): Sql {
  return sql`REVOKE ALL ON ${qualified(audit)} FROM ${ident(role)};`
}
