-- prisma-generator-audit v1 from=a31ff97c01f42caf text=a71a82e8e934e52e
-- {"kind":"upgradeSchema","sqlVersion":2}

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

CREATE OR REPLACE FUNCTION "audit"."set_context"(context jsonb)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $audit$
DECLARE
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
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."missing_setting"(setting text, source text)
  RETURNS text
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $audit$
BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'AU001',
    MESSAGE = pg_catalog.format('a write to %s needs the setting %s, which is not set', source, setting),
    DETAIL = pg_catalog.format('Table %s is audited and %s is a required session setting of its audit.', source, setting),
    HINT = pg_catalog.format(
      'Set it in the same transaction: extend the Prisma Client with auditContext({ %2$s: ... }), '
      'or run SELECT set_config(''%1$s'', ''...'', true) or ' || 'SELECT audit.set_context(''{"%2$s": "..."}'')' || ' before the write.',
      setting,
      pg_catalog.regexp_replace(setting, '^audit\.', '')
    );
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."append_only"()
  RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $audit$
BEGIN
  -- An erasure, or a pruning: the role that owns its function and can do nothing but be called by it.
  IF TG_OP IN ('UPDATE', 'DELETE') AND EXISTS (
    SELECT FROM pg_catalog.pg_proc AS f
    JOIN pg_catalog.pg_roles AS r ON r.oid = f.proowner
    JOIN pg_catalog.pg_class AS t ON t.oid = TG_RELID
    WHERE f.oid = pg_catalog.to_regprocedure(
        CASE TG_OP
          WHEN 'UPDATE' THEN '"audit"."erase"(jsonb, text, text)'
          ELSE '"audit"."prune"(jsonb)'
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
END
$audit$;

CREATE OR REPLACE PROCEDURE "audit"."require_source"(source_name text, column_names text[])
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $audit$
DECLARE
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
END
$audit$;

CREATE OR REPLACE PROCEDURE "audit"."keep_private"(tables regclass[], functions regprocedure[])
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $audit$
DECLARE
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
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."set_context"(jsonb)',
    '"audit"."missing_setting"(text, text)',
    '"audit"."append_only"()',
    '"audit"."require_source"(text, text[])',
    '"audit"."keep_private"(regclass[], regprocedure[])'
  ]::regprocedure[]
);

-- Every writer may set its context; nothing else in the schema is open to it.
GRANT USAGE ON SCHEMA "audit" TO PUBLIC;
GRANT EXECUTE ON FUNCTION "audit"."set_context"(jsonb) TO PUBLIC;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Order"

CREATE OR REPLACE FUNCTION "audit"."Order_audit_capture"()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $audit$
#variable_conflict use_variable
DECLARE
  "audit_operation" CONSTANT text := left(TG_OP, 1);
  "audit_operation_timestamp" CONSTANT timestamptz := clock_timestamp();
  -- This function runs as its owner: who really writes is the session's user, or the role that it took.
  "audit_current_user" CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
  -- On a connection that has carried a value before, an absent setting is '' and not NULL.
  "audit_username" CONSTANT text := nullif(current_setting('audit.username', true), '');
BEGIN
  INSERT INTO "audit"."Order_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_app_uuid",
    "id",
    "note",
    "status"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    changed."id",
    changed."note",
    changed."status"::text
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Order_audit_key"()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $audit$
#variable_conflict use_variable
DECLARE
  "audit_operation" CONSTANT text := 'D';
  "audit_operation_timestamp" CONSTANT timestamptz := clock_timestamp();
  -- This function runs as its owner: who really writes is the session's user, or the role that it took.
  "audit_current_user" CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
  -- On a connection that has carried a value before, an absent setting is '' and not NULL.
  "audit_username" CONSTANT text := nullif(current_setting('audit.username', true), '');
BEGIN
  INSERT INTO "audit"."Order_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_app_uuid",
    "id",
    "note",
    "status"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    OLD."id",
    OLD."note",
    OLD."status"::text;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Order_audit_truncate"()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $audit$
#variable_conflict use_variable
DECLARE
  "audit_operation" CONSTANT text := 'D';
  "audit_operation_timestamp" CONSTANT timestamptz := clock_timestamp();
  -- This function runs as its owner: who really writes is the session's user, or the role that it took.
  "audit_current_user" CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
  -- On a connection that has carried a value before, an absent setting is '' and not NULL.
  "audit_username" CONSTANT text := nullif(current_setting('audit.username', true), '');
BEGIN
  -- An older snapshot would not see the rows that others committed since: they would vanish without a trace.
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION USING
      ERRCODE = 'AU003',
      MESSAGE = format(
        '%I.%I is audited: TRUNCATE is not allowed at isolation level %s',
        TG_TABLE_SCHEMA, TG_TABLE_NAME, upper(current_setting('transaction_isolation'))
      ),
      HINT = 'Run it at READ COMMITTED, or use DELETE.';
  END IF;
  INSERT INTO "audit"."Order_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_app_uuid",
    "id",
    "note",
    "status"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    changed."id",
    changed."note",
    changed."status"::text
  FROM ONLY "public"."Order" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."Order_audit_capture"()',
    '"audit"."Order_audit_key"()',
    '"audit"."Order_audit_truncate"()'
  ]::regprocedure[]
);
