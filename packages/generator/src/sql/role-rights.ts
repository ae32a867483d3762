import { MIGRATIONS_TABLE } from '../model/names.ts'
import { when } from './look-first.ts'
import { readerRightsOn, readerUsage } from './reader-rights.ts'
import { isAuditFunction, isAuditSchema, isListOutside, oneOf, showingHistory } from './role-catalog.ts'
import type { RoleSetup } from './role-setup.ts'
import {
  comment,
  dollarQuoted,
  ident,
  lines,
  literal,
  paragraphs,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'

/** On those schemas of which the present role has the owner's rights: asked once for whoever runs it, and once for the owner role. */
export function renderSchemaRights({ owner, application, schemas }: RoleSetup): Sql {
  const body = sql`DECLARE
  opened text;
BEGIN
  FOR opened IN
    SELECT n.nspname FROM pg_namespace AS n
    WHERE ${oneOf(sql`n.nspname`, [...new Set([...schemas, 'public'])])} AND pg_has_role(current_user, n.nspowner, 'USAGE')
  LOOP
    -- PostgreSQL 14 lets everybody create in public, and so does a database that comes from there.
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %I', opened, ${literal(application)});
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', opened, ${literal(application)});
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', opened, ${literal(owner)});
  END LOOP;
END`
  return sql`-- Nobody creates in these schemas but the owner.
DO ${dollarQuoted(body)};`
}

/** Rows of its tables, and no more: no TRUNCATE, no TRIGGER, no REFERENCES, nothing of the history or of Prisma's own list. */
export function renderApplicationRights(setup: RoleSetup): Sql {
  return paragraphs([presentTables(setup), closedFunctions(setup), laterTables(setup)])
}

function presentTables({ owner, application, schemas, home }: RoleSetup): Sql {
  const app = literal(application)
  const body = sql`DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT
      CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
      c.oid::regclass AS name,
      c.oid IN (
        ${showingHistory(home)}
      ) OR c.relname = ${literal(MIGRATIONS_TABLE)} AS closed
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND (
        ${oneOf(sql`n.nspname`, schemas)}
        OR ${isAuditSchema(home)}
        OR ${isListOutside(schemas)}
      )
      AND c.relowner = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = ${literal(owner)})
    ORDER BY 2
  LOOP
    EXECUTE format('REVOKE ALL ON %s %s FROM %I CASCADE', found.kind, found.name, ${app});
    IF found.closed THEN
      EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC CASCADE', found.kind, found.name);
    ELSIF found.kind = 'SEQUENCE' THEN
      EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %s TO %I', found.name, ${app});
    ELSE
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO %I', found.name, ${app});
    END IF;
  END LOOP;
END`
  return sql`-- The application reads and writes rows, and has no right on the history or on what shows it.
DO ${dollarQuoted(body)};`
}

function closedFunctions({ owner, application, home }: RoleSetup): Sql {
  const body = sql`DECLARE
  closed regprocedure;
BEGIN
  FOR closed IN
    SELECT f.oid::regprocedure
    FROM pg_proc AS f
    JOIN pg_namespace AS n ON n.oid = f.pronamespace
    WHERE ${isAuditFunction(home)}
      AND f.proowner = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = ${literal(owner)})
  LOOP
    EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC, %I CASCADE', closed, ${literal(application)});
  END LOOP;
END`
  return sql`-- Everybody may say who he writes for (set_context); nothing else there is to be called.
DO ${dollarQuoted(body)};`
}

function laterTables({ owner, application, schemas }: RoleSetup): Sql {
  const [from, to] = [ident(owner), ident(application)]
  const each = schemas.map((schema) => {
    const where = sql`ALTER DEFAULT PRIVILEGES FOR ROLE ${from} IN SCHEMA ${ident(schema)}`
    return lines([
      sql`${where} REVOKE ALL ON TABLES FROM ${to};`,
      sql`${where} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${to};`,
      sql`${where} REVOKE ALL ON SEQUENCES FROM ${to};`,
      sql`${where} GRANT USAGE, SELECT ON SEQUENCES TO ${to};`,
    ])
  })
  return lines([
    comment('The same for what the owner makes later; migrations of the audit close their own tables.'),
    sql`ALTER DEFAULT PRIVILEGES FOR ROLE ${from} REVOKE ALL ON TABLES FROM ${to};
ALTER DEFAULT PRIVILEGES FOR ROLE ${from} REVOKE ALL ON SEQUENCES FROM ${to};`,
    ...each,
  ])
}

/** What `prisma-generator-audit reader` prints, for those histories that are there. */
export function renderReader({ reader, readerRights }: RoleSetup): Sql {
  const { auditSchema, histories } = readerRights
  const schema = literal(sqlText(ident(auditSchema)))
  return paragraphs([
    lines([
      comment(
        `What ${reader} may read. A history that is made later needs the same: npx prisma-generator-audit reader.`,
      ),
      when(sql`to_regnamespace(${schema}) IS NOT NULL`, readerUsage(readerRights)),
    ]),
    ...histories.map((history) => {
      const table = literal(sqlText(qualified(history.audit)))
      return when(sql`to_regclass(${table}) IS NOT NULL`, readerRightsOn(history, readerRights))
    }),
  ])
}
