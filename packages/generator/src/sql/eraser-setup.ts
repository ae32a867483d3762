import type { AuditHome } from '../state/database-state.ts'
import { baseFunction, eraseSignature } from './base-functions.ts'
import { renderEraseFunction } from './erase-function.ts'
import { renderEraserCheck } from './eraser-check.ts'
import { giveRights } from './eraser-rights.ts'
import { erasureName, renderErasureTables } from './erasure-tables.ts'
import { dropFormer, renderMoveErasures } from './move-erasures.ts'
import { borrowOwner, returnOwner } from './role-membership.ts'
import { markFunctions } from './shared-schema.ts'
import { comment, dollarQuoted, ident, lines, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'

export interface EraserSetup {
  /** Owns the function of erasures, and can do nothing else; nobody is a member of it. */
  readonly eraser: string
  /** May call that function. */
  readonly by: string
  readonly home: AuditHome
}

/**
 * The script that sets up erasure, for psql and any other client, safe to run again: the tables in the name of who owns the
 * history, the function in that of its own role. One transaction: all of it is done, or nothing.
 */
export function renderEraserSetup(setup: EraserSetup): string {
  const { eraser, by, home } = setup
  const owner = { owner: eraser }
  const script = paragraphs([
    header(setup),
    sql`BEGIN;
SET LOCAL lock_timeout = '5s';
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_min_messages = warning;`,
    makeRoles(setup),
    inNameOfOwner(home),
    renderMoveErasures(home),
    renderErasureTables(home),
    inOwnName(),
    giveRights(home, eraser),
    borrowOwner(owner),
    sql`SET LOCAL ROLE ${ident(eraser)};`,
    refuseForeign(setup),
    dropFormer(home, 'erase'),
    renderEraseFunction(home),
    markFunctions(home, [eraseSignature(home)]),
    letIn(setup),
    returnOwner(owner),
    sql`REVOKE CREATE ON SCHEMA ${ident(home.schema)} FROM ${ident(eraser)};
GRANT USAGE ON SCHEMA ${ident(home.schema)} TO ${ident(by)};
GRANT SELECT ON ${erasureName(home, 'erasure')} TO ${ident(by)};`,
    renderEraserCheck(setup),
    sql`COMMIT;`,
  ])
  return `${sqlText(script)}\n`
}

function header({ eraser, by, home }: EraserSetup): Sql {
  return lines(
    [
      `Erasure of personal data from the history in ${home.schema}. To be run once in the application's database, and again after`,
      'models were audited that were not before: by a superuser, or by the role that owns the history if it',
      'has CREATEROLE. Never a migration.',
      '',
      `  ${eraser} owns the one function that erases. Nobody connects as it, and nobody is a member of it`,
      `  ${by} may call that function: npx prisma-generator-audit erase connects as this one`,
    ].map((line) => (line === '' ? sql`--` : comment(line))),
  )
}

export function makeRoles({ eraser, by, home }: EraserSetup): Sql {
  const guard = literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))
  const body = sql`BEGIN
  IF to_regprocedure(${guard}) IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'undefined_function',
      MESSAGE = format('the database %I has no audit in schema %I', current_database(), ${literal(home.schema)}),
      HINT = 'Connect to the application''s database, and migrate it first. Nothing was changed.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = ${literal(eraser)}) THEN
    CREATE ROLE ${ident(eraser)} NOLOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = ${literal(by)}) THEN
    CREATE ROLE ${ident(by)} LOGIN;
    RAISE WARNING 'role % is new: give it a password', ${literal(sqlText(ident(by)))};
  END IF;
END`
  return sql`-- The roles that are missing. Those that are there stay as they are.
DO ${dollarQuoted(body)};`
}

/** Whatever runs the script: the tables are the owner's, as the histories are. */
export function inNameOfOwner(home: AuditHome): Sql {
  const guard = literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))
  const body = sql`DECLARE
  owner CONSTANT text := (
    SELECT r.rolname FROM pg_proc AS f JOIN pg_roles AS r ON r.oid = f.proowner WHERE f.oid = to_regprocedure(${guard})
  );
BEGIN
  PERFORM set_config('audit_eraser.role_before', current_setting('role'), true);
  PERFORM set_config('role', owner, true);
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION USING
    ERRCODE = 'insufficient_privilege',
    MESSAGE = format('the history belongs to %I, and %I is no member of that role', owner, current_user),
    HINT = 'Run this as a superuser, or as that role. Nothing was changed.';
END`
  return sql`-- The tables belong to whoever owns the history.
DO ${dollarQuoted(body)};`
}

export function inOwnName(): Sql {
  return sql`${comment('In the own name again.')}
DO ${dollarQuoted(sql`BEGIN
  PERFORM set_config('role', current_setting('audit_eraser.role_before'), true);
END`)};`
}

export function refuseForeign({ eraser, home }: EraserSetup, of = eraseSignature(home)): Sql {
  const signature = literal(sqlText(of))
  const body = sql`BEGIN
  IF EXISTS (
    SELECT FROM pg_proc AS f JOIN pg_roles AS r ON r.oid = f.proowner
    WHERE f.oid = to_regprocedure(${signature}) AND r.rolname <> ${literal(eraser)}
  ) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_function',
      MESSAGE = format('function %s is there already and does not belong to %I', to_regprocedure(${signature}), ${literal(eraser)}),
      HINT = 'Name the role that it belongs to, or drop the function. Nothing was changed.';
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}

/** Everybody may call a new function unless told otherwise; who was let in by an earlier run goes. */
export function letIn({ by, home }: EraserSetup, of = eraseSignature(home)): Sql {
  const signature = literal(sqlText(of))
  const body = sql`DECLARE
  granted record;
BEGIN
  FOR granted IN
    SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS name
    FROM pg_proc AS f
    CROSS JOIN LATERAL aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a
    WHERE f.oid = ${signature}::regprocedure AND a.grantee <> f.proowner
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s CASCADE', ${signature}::regprocedure, granted.name);
  END LOOP;
END`
  return sql`DO ${dollarQuoted(body)};
GRANT EXECUTE ON FUNCTION ${of} TO ${ident(by)};`
}
