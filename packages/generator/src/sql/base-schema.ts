import type { AuditHome } from '../state/database-state.ts'
import {
  baseFunction,
  baseSignatures,
  guardSignatures,
  renderBaseFunctions,
  renderGuardFunctions,
} from './base-functions.ts'
import { isLive, renderBaseGuard } from './base-guard.ts'
import { markFunctions, refuseForeignFunctions, renderSharedSchema } from './shared-schema.ts'
import { dollarQuoted, ident, join, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'

/** The first section of the first audit migration: the schema and the functions that all tables share. */
export function renderBaseSchema(home: AuditHome, sqlVersion: number): Sql {
  return paragraphs([
    home.shared ? renderSharedSchema(home) : renderBaseGuard(home, sqlVersion),
    ownFunctions(home),
    privateSchema(home),
    privateFunctions(home),
    openToWriters(home),
  ])
}

/** The functions anew, with their rights; the schema as it is. */
export function renderBaseUpgrade(home: AuditHome): Sql {
  return paragraphs([ownFunctions(home), privateFunctions(home), openToWriters(home)])
}

/** What a history of another server needs: its guard, and what keeps it private. */
export function renderBaseOfReplica(home: AuditHome): Sql {
  const signatures = guardSignatures(home)
  return paragraphs([
    refuseForeignFunctions(home, signatures, 'for example another schema'),
    renderGuardFunctions(home),
    markFunctions(home, signatures),
    closeFunctions(home, signatures),
  ])
}

function ownFunctions(home: AuditHome): Sql {
  const signatures = baseSignatures(home)
  return paragraphs([
    refuseForeignFunctions(home, signatures, 'for example another schema'),
    renderBaseFunctions(home),
    markFunctions(home, signatures),
  ])
}

function privateSchema(home: AuditHome): Sql {
  if (home.shared) return sql``
  const body = sql`DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT DISTINCT pg_catalog.format(
      'REVOKE ALL ON SCHEMA %I FROM %s CASCADE',
      n.nspname,
      CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
    )
    FROM pg_catalog.pg_namespace AS n
    CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) AS a
    WHERE n.nspname = ${literal(home.schema)}
      AND a.grantee <> n.nspowner
      -- A live one was adopted, and keeps the rights that were given since.
      AND NOT ${isLive(sql`n.oid`)}
  LOOP
    EXECUTE command;
  END LOOP;
END`
  return sql`-- Whoever has rights by ALTER DEFAULT PRIVILEGES loses them: history is the owner's alone.
DO ${dollarQuoted(body)};`
}

function privateFunctions(home: AuditHome): Sql {
  return closeFunctions(home, baseSignatures(home))
}

function closeFunctions(home: AuditHome, signatures: readonly Sql[]): Sql {
  const functions = signatures.map((signature) => literal(sqlText(signature)))
  return sql`CALL ${baseFunction(home, 'keepPrivate')}(
  '{}',
  ARRAY[
    ${join(functions, sql`,\n`)}
  ]::regprocedure[]
);`
}

/**
 * Every role may say who it writes for. USAGE on the schema opens nothing else: the tables and functions in it
 * have rights of their own, and their names stand in pg_class for all to read anyway.
 */
function openToWriters(home: AuditHome): Sql {
  const usage = home.shared ? sql`` : sql`GRANT USAGE ON SCHEMA ${ident(home.schema)} TO PUBLIC;\n`
  return sql`-- Every writer may set its context; nothing else in the schema is open to it.
${usage}GRANT EXECUTE ON FUNCTION ${baseFunction(home, 'setContext')}(jsonb) TO PUBLIC;`
}
