import { MIGRATIONS_TABLE } from '../model/names.ts'
import { MARK } from './base-guard.ts'
import { isAuditFunction, isAuditSchema, oneOf, showingHistory } from './role-catalog.ts'
import type { RoleSetup } from './role-setup.ts'
import { dollarQuoted, join, literal, type Sql, sql } from './sql.ts'

/**
 * The end of the script: asks PostgreSQL what the roles may do now, by whatever way they came to it, and takes everything
 * back where that is too much.
 */
export function renderRoleCheck(setup: RoleSetup): Sql {
  const { owner } = setup
  const questions = [
    ownsSomething(setup),
    touchesTables(setup),
    callsFunctions(setup),
    createsObjects(setup),
    ownerIsStuck(setup),
  ]
  const body = sql`DECLARE
  problems text;
  may_silence boolean := false;
  lent text;
BEGIN
  SELECT string_agg(problem, '; ' ORDER BY problem)
  INTO problems
  FROM (
    ${join(
      questions,
      sql`
UNION
`,
    )}
  ) AS found (problem);
  -- A right on a parameter is known since PostgreSQL 15.
  IF current_setting('server_version_num')::integer >= 150000 THEN
    EXECUTE 'SELECT has_parameter_privilege($1, ''session_replication_role'', ''SET'')'
    INTO may_silence USING ${literal(setup.application)}::name;
  END IF;
  IF may_silence THEN
    problems := concat_ws('; ', problems, format('%I may SET session_replication_role', ${literal(setup.application)}));
  END IF;
  IF problems IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'insufficient_privilege',
      MESSAGE = 'the roles would not protect the history: ' || problems,
      HINT = 'A right may come from PUBLIC, from another role or from another grantor: REVOKE it there and run this again. Nothing was changed.';
  END IF;
  ${tellLentRights(setup)}
  IF NOT EXISTS (SELECT FROM pg_class AS c WHERE c.relname = ${literal(MIGRATIONS_TABLE)} AND c.relkind = 'r') THEN
    RAISE WARNING USING
      MESSAGE = ${literal(`there is no table ${MIGRATIONS_TABLE} yet, which the application must not write`)},
      HINT = format('Run prisma migrate deploy as %I, then this once more.', ${literal(owner)});
  END IF;
END`
  return sql`-- It holds, or nothing was done.
DO ${dollarQuoted(body)};`
}

/** A function may be there for exactly that; one that the application made while it was the owner is a back door. */
function tellLentRights({ owner, application, home }: RoleSetup): Sql {
  const app = literal(application)
  return sql`SELECT string_agg(f.oid::regprocedure::text, ', ' ORDER BY f.oid::regprocedure::text)
INTO lent
FROM pg_proc AS f
JOIN pg_namespace AS n ON n.oid = f.pronamespace
JOIN pg_roles AS r ON r.oid = f.proowner
WHERE f.prosecdef AND r.rolname = ${literal(owner)}
  -- Of the audit's own the check has said what is to be said.
  AND NOT ${isAuditSchema(home)}
  AND starts_with(obj_description(f.oid, 'pg_proc'), ${literal(MARK)}) IS NOT TRUE
  AND has_function_privilege(${app}, f.oid, 'EXECUTE');
IF lent IS NOT NULL THEN
  RAISE WARNING USING
    MESSAGE = format('%I may execute with the rights of %I: %s', ${app}, ${literal(owner)}, lent),
    HINT = 'See that they do no more than they are meant for: SECURITY DEFINER lends all that the owner may do.';
END IF;`
}

/** The application and the reader, as rows of pg_roles. */
function guarded({ application, reader }: RoleSetup): Sql {
  return oneOf(sql`r.rolname`, [application, reader])
}

/** Objects of the schemas that a role owns, or another role that it can become. */
function ownsSomething(setup: RoleSetup): Sql {
  const { schemas, home } = setup
  return sql`SELECT format('%I owns %s', r.rolname, pg_describe_object(s.classid, s.objid, 0))
FROM pg_roles AS r
JOIN pg_shdepend AS s ON s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o'
  AND pg_has_role(r.oid, s.refobjid, 'MEMBER')
CROSS JOIN LATERAL pg_identify_object(s.classid, s.objid, 0) AS o
LEFT JOIN pg_namespace AS n
  ON n.nspname = o.schema OR s.classid = 'pg_namespace'::regclass AND n.oid = s.objid
WHERE ${guarded(setup)}
  AND (
    s.dbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
      AND s.classid <> 'pg_default_acl'::regclass
      AND (${oneOf(sql`n.nspname`, [...new Set([...schemas, 'public'])])} OR ${isAuditSchema(home)})
    OR s.classid = 'pg_database'::regclass
      AND s.objid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
  )`
}

/** The application has no right on the history and on what shows it, the reader only that of reading; tables are not theirs to undo. */
function touchesTables(setup: RoleSetup): Sql {
  const { application, schemas, home } = setup
  const isApplication = sql`r.rolname = ${literal(application)}`
  const inColumns = sql`p.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')`
  return sql`SELECT format('%I may %s %s', r.rolname, string_agg(p.privilege, ', ' ORDER BY p.turn), c.oid::regclass)
FROM pg_roles AS r
CROSS JOIN pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT
    c.oid IN (
      ${showingHistory(home)}
    ) OR c.relname = ${literal(MIGRATIONS_TABLE)} AND c.relkind = 'r' AS is_closed
) AS what
CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER', 'USAGE'])
  WITH ORDINALITY AS p (privilege, turn)
WHERE ${guarded(setup)}
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  AND (what.is_closed OR ${oneOf(sql`n.nspname`, schemas)})
  AND NOT pg_has_role(r.oid, c.relowner, 'USAGE')
  AND CASE
    WHEN ${isApplication} THEN what.is_closed OR p.privilege IN ('TRUNCATE', 'REFERENCES', 'TRIGGER')
    WHEN what.is_closed THEN p.privilege <> 'SELECT'
    -- What everybody may do to a table that is none of the history's is not the reader's alone.
    ELSE p.privilege IN ('TRUNCATE', 'TRIGGER')
  END
  AND CASE
    WHEN c.relkind = 'S' THEN p.privilege IN ('SELECT', 'UPDATE', 'USAGE')
      AND has_sequence_privilege(r.oid, c.oid, p.privilege)
    WHEN p.privilege = 'USAGE' THEN false
    ELSE has_table_privilege(r.oid, c.oid, p.privilege)
      OR ${inColumns} AND has_any_column_privilege(r.oid, c.oid, p.privilege)
  END
GROUP BY r.rolname, c.oid`
}

function callsFunctions(setup: RoleSetup): Sql {
  return sql`SELECT format('%I may execute %s', r.rolname, f.oid::regprocedure)
FROM pg_roles AS r
CROSS JOIN pg_proc AS f
JOIN pg_namespace AS n ON n.oid = f.pronamespace
WHERE ${guarded(setup)} AND ${isAuditFunction(setup.home)} AND has_function_privilege(r.oid, f.oid, 'EXECUTE')`
}

/** Who may create in a schema that the owner looks into makes the owner run his code. */
function createsObjects(setup: RoleSetup): Sql {
  const { schemas, home } = setup
  return sql`SELECT format('%I may create in schema %I', r.rolname, n.nspname)
FROM pg_roles AS r
CROSS JOIN pg_namespace AS n
WHERE ${guarded(setup)}
  AND (${oneOf(sql`n.nspname`, [...new Set([...schemas, 'public'])])} OR ${isAuditSchema(home)})
  AND has_schema_privilege(r.oid, n.oid, 'CREATE')
UNION
SELECT format('%I may create schemas', r.rolname)
FROM pg_roles AS r
WHERE ${guarded(setup)} AND has_database_privilege(r.oid, current_database(), 'CREATE')`
}

function ownerIsStuck({ owner, schemas }: RoleSetup): Sql {
  const role = literal(owner)
  return sql`SELECT format('%I cannot create schemas, which migrations do', ${role})
WHERE NOT has_database_privilege(${role}, current_database(), 'CREATE')
UNION
SELECT format('%I cannot create in schema %I', ${role}, n.nspname)
FROM pg_namespace AS n
WHERE ${oneOf(sql`n.nspname`, schemas)} AND NOT has_schema_privilege(${role}, n.oid, 'CREATE')`
}
