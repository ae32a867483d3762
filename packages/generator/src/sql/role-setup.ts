import type { AuditHome } from '../state/database-state.ts'
import type { ReaderRights } from './reader-rights.ts'
import { renderRoleCheck } from './role-check.ts'
import { borrowOwner, makeRoles, refuseUnfitRoles, returnOwner } from './role-membership.ts'
import { renderOwnership } from './role-ownership.ts'
import { renderApplicationRights, renderReader, renderSchemaRights } from './role-rights.ts'
import { comment, ident, lines, paragraphs, type Sql, sql, sqlText } from './sql.ts'

export interface RoleSetup {
  readonly owner: string
  readonly application: string
  readonly reader: string
  /** The one database in which the script may run. */
  readonly database?: string
  readonly home: AuditHome
  /** Of the application's tables. */
  readonly schemas: readonly string[]
  readonly readerRights: ReaderRights
}

/**
 * The script that sets up owner, application and reader, for psql and any other client, safe to run again. One transaction:
 * all of it is done, or nothing.
 *
 * What belongs to the schemas is handed over in the name of whoever runs it, who becomes a member of the owner role for that;
 * rights are given in the owner's own name, so that it can take them back, and the membership goes again.
 */
export function renderRoleSetup(setup: RoleSetup): string {
  const { owner } = setup
  const script = paragraphs([
    header(setup),
    sql`BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL search_path = pg_catalog, pg_temp;`,
    makeRoles(setup),
    refuseUnfitRoles(setup),
    borrowOwner(setup),
    renderOwnership(setup),
    renderSchemaRights(setup),
    sql`${comment(`From here on in the name of ${owner}.`)}
SET LOCAL ROLE ${ident(owner)};`,
    renderSchemaRights(setup),
    renderApplicationRights(setup),
    renderReader(setup),
    returnOwner(setup),
    renderRoleCheck(setup),
    sql`COMMIT;`,
  ])
  return `${sqlText(script)}\n`
}

function header({ owner, application, reader, database, schemas, home }: RoleSetup): Sql {
  const where = database === undefined ? "the application's database" : `the database ${database}`
  const kept = home.shared ? 'the history among them' : `the history in ${home.schema}`
  return lines(
    [
      `Three roles, so that the application cannot touch its own history. To be run once in ${where}, and again at will:`,
      'by a superuser, or by a role with CREATEROLE that owns the database and what is in it. Never a migration.',
      '',
      `  ${owner} owns the tables in ${schemas.join(', ')} and ${kept}: prisma migrate deploy runs as this one`,
      `  ${application} reads and writes the tables: the application connects as this one`,
      `  ${reader} reads the history, and nothing else`,
      '',
      'A role that is new has no password. In psql:',
      ...[owner, application, reader].map((role) => `  \\password ${metaArgument(role)}`),
      '',
      'Tables that change hands are locked for a moment. Where one is in use for longer than 5 s all of it is given up.',
    ].map((line) => (line === '' ? sql`--` : comment(line))),
  )
}

/** A name as psql's own commands take it: folded to lower case unless quoted. */
function metaArgument(role: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(role) ? role : sqlText(ident(role))
}
