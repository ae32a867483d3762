import type { AuditHome } from '../state/database-state.ts'
import { BASE_FUNCTIONS, SHARED_PREFIX } from './object-names.ts'
import { dollarQuoted, ident, literal, paragraphs, qualified, type Sql, sql, sqlText } from './sql.ts'

/** The functions that all audit tables share. Each is safe to run again. */
export function renderBaseFunctions(home: AuditHome): Sql {
  return paragraphs([
    setContext(home),
    missingSetting(home),
    appendOnly(home),
    requireSource(home),
    keepPrivate(home),
  ])
}

/** Of these the ones that guard a history where nothing is captured. */
export function renderGuardFunctions(home: AuditHome): Sql {
  return paragraphs([appendOnly(home), keepPrivate(home)])
}

export function guardSignatures(home: AuditHome): readonly Sql[] {
  return [
    sql`${baseFunction(home, 'appendOnly')}()`,
    sql`${baseFunction(home, 'keepPrivate')}(regclass[], regprocedure[])`,
  ]
}

/** The name of a function of the audit schema; an `AuditTableObject` is a home too. */
export function baseFunction({ schema, shared }: AuditHome, role: keyof typeof BASE_FUNCTIONS): Sql {
  const name = BASE_FUNCTIONS[role]
  return qualified({ schema, name: shared ? SHARED_PREFIX + name : name })
}

/** Each of the functions with its argument types. */
export function baseSignatures(home: AuditHome): readonly Sql[] {
  return [
    sql`${baseFunction(home, 'setContext')}(jsonb)`,
    sql`${baseFunction(home, 'missingSetting')}(text, text)`,
    sql`${baseFunction(home, 'appendOnly')}()`,
    sql`${baseFunction(home, 'requireSource')}(text, text[])`,
    sql`${baseFunction(home, 'keepPrivate')}(regclass[], regprocedure[])`,
  ]
}

/** `SELECT audit.set_context('{"username": "alice"}')`, for writers without the client extension. */
function setContext(home: AuditHome): Sql {
  const body = sql`DECLARE
  setting record;
BEGIN
  IF pg_catalog.jsonb_typeof(context) IS DISTINCT FROM 'object' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = 'the audit context must be a JSON object, for example {"username": "alice"}';
  END IF;
  FOR setting IN SELECT s.key, s.value FROM pg_catalog.jsonb_each_text(context) AS s LOOP
    IF setting.key !~ '^[A-Za-z_][A-Za-z0-9_]*$' THEN
      RAISE EXCEPTION USING
        ERRCODE = 'invalid_parameter_value',
        MESSAGE = pg_catalog.format('not the name of an audit setting: %s', pg_catalog.to_json(setting.key));
    END IF;
    -- Only until the end of the transaction, so that nothing is left on a pooled connection.
    PERFORM pg_catalog.set_config('audit.' || setting.key, coalesce(setting.value, ''), true);
  END LOOP;
END`
  return sql`CREATE OR REPLACE FUNCTION ${baseFunction(home, 'setContext')}(context jsonb)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS ${dollarQuoted(body)};`
}

/** Volatile, so that it is not evaluated before a row needs it. */
function missingSetting(home: AuditHome): Sql {
  const setContext = callable(home, 'setContext').replaceAll('%', '%%')
  const example = literal(`SELECT ${setContext}('{"%2$s": "..."}')`)
  const body = sql`BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'AU001',
    MESSAGE = pg_catalog.format('a write to %s needs the setting %s, which is not set', source, setting),
    DETAIL = pg_catalog.format('Table %s is audited and %s is a required session setting of its audit.', source, setting),
    HINT = pg_catalog.format(
      'Set it in the same transaction: extend the Prisma Client with auditContext({ %2$s: ... }), '
      'or run SELECT set_config(''%1$s'', ''...'', true) or ' || ${example} || ' before the write.',
      setting,
      pg_catalog.regexp_replace(setting, '^audit\\.', '')
    );
END`
  return sql`CREATE OR REPLACE FUNCTION ${baseFunction(home, 'missingSetting')}(setting text, source text)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS ${dollarQuoted(body)};`
}

/** For a person to read and to paste: quoted where it has to be. */
export function callable({ schema, shared }: AuditHome, role: keyof typeof BASE_FUNCTIONS): string {
  const name = shared ? SHARED_PREFIX + BASE_FUNCTIONS[role] : BASE_FUNCTIONS[role]
  // No keyword of SQL begins with these letters.
  const isPlain = schema === 'public' || /^audit[a-z0-9_]*$/.test(schema)
  return `${isPlain ? schema : sqlText(ident(schema))}.${name}`
}

/** The function of erasures, which a set-up of its own makes, and no migration. */
export function eraseSignature(home: AuditHome): Sql {
  return sql`${baseFunction(home, 'erase')}(jsonb, text, text)`
}

/** The function of prunings, likewise. */
export function pruneSignature(home: AuditHome): Sql {
  return sql`${baseFunction(home, 'prune')}(jsonb)`
}

/** Whoever is asked for by name in the catalog: no setting lets anybody through, and no owner. */
function appendOnly(home: AuditHome): Sql {
  const body = sql`BEGIN
  -- An erasure, or a pruning: the role that owns its function and can do nothing but be called by it.
  IF TG_OP IN ('UPDATE', 'DELETE') AND EXISTS (
    SELECT FROM pg_catalog.pg_proc AS f
    JOIN pg_catalog.pg_roles AS r ON r.oid = f.proowner
    JOIN pg_catalog.pg_class AS t ON t.oid = TG_RELID
    WHERE f.oid = pg_catalog.to_regprocedure(
        CASE TG_OP
          WHEN 'UPDATE' THEN ${literal(sqlText(eraseSignature(home)))}
          ELSE ${literal(sqlText(pruneSignature(home)))}
        END
      )
      AND r.rolname = current_user
      AND NOT r.rolcanlogin AND NOT r.rolsuper
      AND r.oid <> t.relowner
  ) THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION USING
    ERRCODE = 'AU002',
    MESSAGE = pg_catalog.format('%I.%I is append-only: %s is not allowed', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP),
    HINT = 'History is written by triggers and changed by nobody.';
END`
  return sql`CREATE OR REPLACE FUNCTION ${baseFunction(home, 'appendOnly')}()
  RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS ${dollarQuoted(body)};`
}

/** Called by migrations: says clearly why a table cannot be audited, before anything is made for it. */
function requireSource(home: AuditHome): Sql {
  const body = sql`DECLARE
  source regclass := pg_catalog.to_regclass(source_name);
  kind "char" := (SELECT c.relkind FROM pg_catalog.pg_class AS c WHERE c.oid = source);
  is_partition boolean := (SELECT c.relispartition FROM pg_catalog.pg_class AS c WHERE c.oid = source);
  missing text;
BEGIN
  IF source IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'undefined_table',
      MESSAGE = pg_catalog.format('table %s is to be audited and does not exist', source_name),
      HINT = 'The migration that creates it must come before this one.';
  END IF;
  IF kind = 'p' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'feature_not_supported',
      MESSAGE = pg_catalog.format('table %s is partitioned and cannot be audited', source_name),
      DETAIL = 'Rows written directly into a partition would not be recorded.',
      HINT = 'Remove @audit(enabled) from its model.';
  END IF;
  IF is_partition THEN
    RAISE EXCEPTION USING
      ERRCODE = 'feature_not_supported',
      MESSAGE = pg_catalog.format('table %s is a partition and cannot be audited statement by statement', source_name),
      DETAIL = 'Rows written by a statement on the table that it is a partition of would not be recorded.',
      HINT = 'Where no migration says that it is a partition: @audit(enabled, level: row) above its model.';
  END IF;
  IF kind <> 'r' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'wrong_object_type',
      MESSAGE = pg_catalog.format('%s is no ordinary table and cannot be audited', source_name),
      HINT = 'Remove @audit(enabled) from its model.';
  END IF;
  SELECT pg_catalog.string_agg(pg_catalog.quote_ident(wanted.name), ', ')
  INTO missing
  FROM pg_catalog.unnest(column_names) AS wanted (name)
  WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = source AND a.attname = wanted.name AND a.attnum > 0 AND NOT a.attisdropped
  );
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'undefined_column',
      MESSAGE = pg_catalog.format('table %s is to be audited and lacks the columns %s', source_name, missing),
      HINT = 'The migration that adds them must come before this one.';
  END IF;
END`
  return sql`CREATE OR REPLACE PROCEDURE ${baseFunction(home, 'requireSource')}(source_name text, column_names text[])
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS ${dollarQuoted(body)};`
}

/**
 * Called by migrations: takes away what PUBLIC has by default and what ALTER DEFAULT PRIVILEGES gave to others,
 * read from the catalog, for nobody knows beforehand who that is.
 */
function keepPrivate(home: AuditHome): Sql {
  const body = sql`DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT pg_catalog.format(
      'REVOKE ALL ON %s %s FROM %s CASCADE',
      object.kind,
      object.name,
      CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE granted.grantee::regrole::text END
    )
    FROM (
      -- The tables and the sequences that number their rows.
      SELECT
        CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
        c.oid::regclass::text,
        c.relowner,
        coalesce(c.relacl, pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
      FROM pg_catalog.pg_class AS c
      WHERE c.oid = ANY (tables) OR (
        c.relkind = 'S' AND EXISTS (
          SELECT FROM pg_catalog.pg_depend AS d
          WHERE d.classid = 'pg_catalog.pg_class'::regclass
            AND d.objid = c.oid
            AND d.refclassid = 'pg_catalog.pg_class'::regclass
            AND d.refobjid = ANY (tables)
        )
      )
      UNION ALL
      SELECT
        CASE f.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
        f.oid::regprocedure::text,
        f.proowner,
        coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))
      FROM pg_catalog.pg_proc AS f
      WHERE f.oid = ANY (functions)
    ) AS object (kind, name, owner, rights)
    CROSS JOIN LATERAL (
      SELECT DISTINCT a.grantee FROM pg_catalog.aclexplode(object.rights) AS a WHERE a.grantee <> object.owner
    ) AS granted
  LOOP
    EXECUTE command;
  END LOOP;
END`
  return sql`CREATE OR REPLACE PROCEDURE ${baseFunction(home, 'keepPrivate')}(tables regclass[], functions regprocedure[])
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS ${dollarQuoted(body)};`
}
