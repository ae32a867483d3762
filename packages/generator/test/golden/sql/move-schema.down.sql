-- Takes the steps of migration.sql back. No history is dropped. Run it by hand.

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- Stopped half-way, what has moved is kept.
DO $audit$
BEGIN
  IF pg_catalog.obj_description(pg_catalog.to_regnamespace('"audit"'), 'pg_namespace') = ('prisma-generator-audit: history moves here from schema ' || pg_catalog.to_regnamespace('"trail"')::oid) THEN
    COMMENT ON SCHEMA "audit" IS 'prisma-generator-audit: detached by a down migration; its history is kept';
  END IF;
END
$audit$;

-- The schema is ours alone: found live it is adopted, left over from a reset it makes room.
DO $audit$
DECLARE
  existing oid := (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'audit');
  mark text := pg_catalog.obj_description(existing, 'pg_namespace');
  history record;
  has_rows boolean := false;
  replayed_at timestamptz;
  is_recent boolean;
  stale_name text;
BEGIN
  IF existing IS NULL THEN
    CREATE SCHEMA "audit";
    RETURN;
  END IF;
  IF mark IS NULL OR NOT pg_catalog.starts_with(mark, 'prisma-generator-audit') THEN
    RAISE EXCEPTION USING
      ERRCODE = 'duplicate_schema',
      MESSAGE = pg_catalog.format('schema %I exists already and does not belong to prisma-generator-audit', 'audit'),
      HINT = 'Mark this migration with "npx prisma migrate resolve --rolled-back", remove its directory, choose another schema in the generator block of schema.prisma, for example schema = "audit_trail", and run "npx prisma generate".';
  END IF;
  -- A down migration took the triggers away on purpose.
  IF mark = 'prisma-generator-audit: detached by a down migration; its history is kept' THEN
    RETURN;
  END IF;
  -- Live: a trigger outside the schema uses its functions. It is adopted as it is.
  IF EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
    JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
    WHERE f.pronamespace = existing AND c.relnamespace <> existing
  ) THEN
    RETURN;
  END IF;
  -- Left over from a reset. History is never dropped; keys without one are of no use.
  FOR history IN
    SELECT c.oid::regclass AS name
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = existing AND c.relkind IN ('r', 'p') AND c.relname <> 'hash_key'
  LOOP
    EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s)', history.name) INTO has_rows;
    EXIT WHEN has_rows;
  END LOOP;
  IF has_rows THEN
    stale_name := 'audit_stale_' || pg_catalog.to_char(
      pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISSUS'
    );
    replayed_at := pg_catalog.to_timestamp(
      pg_catalog.substring(mark, ', replayed at ([0-9.]+)$')::double precision
    );
    is_recent := replayed_at IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_class AS c WHERE c.relname = '_prisma_migrations' AND c.relkind = 'r'
    );
    FOR history IN
      SELECT c.oid::regclass AS name, a.attname
      FROM pg_catalog.pg_class AS c
      LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'audit_operation_timestamp'
      WHERE c.relnamespace = existing AND c.relkind IN ('r', 'p')
    LOOP
      EXIT WHEN NOT is_recent;
      -- A table that is none of ours tells nothing of when it was written.
      is_recent := history.attname IS NOT NULL;
      CONTINUE WHEN NOT is_recent;
      EXECUTE pg_catalog.format(
        'SELECT NOT EXISTS (SELECT FROM %s WHERE audit_operation_timestamp > $1)', history.name
      ) INTO is_recent USING replayed_at + '10 minutes'::interval;
    END LOOP;
    IF is_recent THEN
      -- A shadow database that is used again: the last replay's rows are kept, not those of each.
      IF EXISTS (
        SELECT FROM pg_catalog.pg_namespace AS n
        WHERE n.nspname = 'audit_stale_replay'
          AND pg_catalog.obj_description(n.oid, 'pg_namespace') ~ '^prisma-generator-audit.*, replayed at [0-9.]+$'
      ) THEN
        DROP SCHEMA "audit_stale_replay" CASCADE;
      END IF;
      IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'audit_stale_replay') THEN
        stale_name := 'audit_stale_replay';
      END IF;
    END IF;
    EXECUTE pg_catalog.format('ALTER SCHEMA %I RENAME TO %I', 'audit', stale_name);
    RAISE NOTICE 'the audit schema of an earlier database was kept as %', stale_name;
  ELSE
    DROP SCHEMA "audit" CASCADE;
  END IF;
  CREATE SCHEMA "audit";
END
$audit$;

COMMENT ON SCHEMA "audit" IS 'prisma-generator-audit: the audit trail of this database, SQL version 1';
DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_class AS c WHERE c.relname = '_prisma_migrations' AND c.relkind = 'r'
  ) AND EXISTS (
    SELECT FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname = 'audit' AND n.xmin = pg_catalog.pg_current_xact_id()::xid
  ) THEN
    EXECUTE pg_catalog.format(
      'COMMENT ON SCHEMA %I IS %L',
      'audit',
      'prisma-generator-audit: the audit trail of this database, SQL version 1' || ', replayed at ' || extract(epoch FROM pg_catalog.clock_timestamp())
    );
  END IF;
END
$audit$;

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

-- Whoever has rights by ALTER DEFAULT PRIVILEGES loses them: history is the owner's alone.
DO $audit$
DECLARE
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
    WHERE n.nspname = 'audit'
      AND a.grantee <> n.nspowner
      -- A live one was adopted, and keeps the rights that were given since.
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS t
        JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
        JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
        WHERE f.pronamespace = n.oid AND c.relnamespace <> n.oid
      )
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

DO $audit$
BEGIN
  IF pg_catalog.to_regnamespace('"trail"') IS NOT NULL THEN
    EXECUTE pg_catalog.format('COMMENT ON SCHEMA %I IS %L', 'audit', ('prisma-generator-audit: history moves here from schema ' || pg_catalog.to_regnamespace('"trail"')::oid));
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Order"

DO $audit$
DECLARE
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + patience::interval;
  command text;
BEGIN
  -- Run again after a later section failed, it finds its work done.
  IF
    EXISTS (
      SELECT FROM pg_catalog.pg_trigger AS t
      JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
      WHERE t.tgrelid = pg_catalog.to_regclass('"public"."Order"')
        AND t.tgname = 'audit_insert'
        AND f.oid = pg_catalog.to_regprocedure('"audit"."Order_audit_capture"()')
        AND pg_catalog.strpos(pg_catalog.regexp_replace(f.prosrc, '[ \r\n]+', ' ', 'g'), 'INSERT INTO "audit"."Order_audit" ( "audit_operation", "audit_operation_timestamp", "audit_transaction_timestamp", "audit_current_user", "audit_transaction_id", "audit_username", "audit_app_uuid", "id", "note", "price" )') > 0
    )
  THEN
    RETURN;
  END IF;
  -- No writer may be in the old functions meanwhile. A reader of the history stops none: its lock is tried for.
  LOOP
    BEGIN
      FOR command IN
        SELECT pg_catalog.format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', c.oid::regclass)
        FROM pg_catalog.pg_class AS c
        WHERE c.oid = pg_catalog.to_regclass('"public"."Order"')
      LOOP
        EXECUTE command;
      END LOOP;
      PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
      LOCK TABLE "trail"."Order_audit" IN ACCESS EXCLUSIVE MODE;
      PERFORM pg_catalog.set_config('lock_timeout', patience, true);
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF patience <> '0' AND pg_catalog.clock_timestamp() > deadline THEN
        RAISE;
      END IF;
      PERFORM pg_catalog.pg_sleep(0.1);
    END;
  END LOOP;
  ALTER TABLE "trail"."Order_audit" SET SCHEMA "audit";
  FOR command IN
    SELECT pg_catalog.format(statement.text, c.oid::regclass, pg_catalog.format('%I.%I', 'audit', c.relname), 'audit')
    FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
    CROSS JOIN ROWS FROM (pg_catalog.unnest(ARRAY[
      'ALTER TABLE %1$s SET SCHEMA %3$I',
      'DROP TRIGGER IF EXISTS "append_only" ON %2$s',
      'CREATE TRIGGER "append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON %2$s FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"()',
      'ALTER TABLE %2$s ENABLE ALWAYS TRIGGER "append_only"'
    ])) WITH ORDINALITY AS statement (text, place)
    WHERE i.inhparent = '"audit"."Order_audit"'::regclass
    ORDER BY c.oid, statement.place
  LOOP
    EXECUTE command;
  END LOOP;
  ALTER FUNCTION "trail"."Order_audit_capture"() SET SCHEMA "audit";
  ALTER FUNCTION "trail"."Order_audit_key"() SET SCHEMA "audit";
  ALTER FUNCTION "trail"."Order_audit_truncate"() SET SCHEMA "audit";
  DROP TRIGGER IF EXISTS "append_only" ON "audit"."Order_audit";
  CREATE TRIGGER "append_only"
    BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."Order_audit"
    FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
  ALTER TABLE "audit"."Order_audit" ENABLE ALWAYS TRIGGER "append_only";
END
$audit$;

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
    "price"
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
    changed."price"
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
    "price"
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
    OLD."price";
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
    "price"
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
    changed."price"
  FROM ONLY "public"."Order" AS changed;
  RETURN NULL;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Item"

DO $audit$
DECLARE
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + patience::interval;
  command text;
BEGIN
  -- Run again after a later section failed, it finds its work done.
  IF
    pg_catalog.to_regclass('"audit"."Item_audit"') IS NOT NULL
  THEN
    RETURN;
  END IF;
  ALTER TABLE "trail"."Item_audit" SET SCHEMA "audit";
  FOR command IN
    SELECT pg_catalog.format(statement.text, c.oid::regclass, pg_catalog.format('%I.%I', 'audit', c.relname), 'audit')
    FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
    CROSS JOIN ROWS FROM (pg_catalog.unnest(ARRAY[
      'ALTER TABLE %1$s SET SCHEMA %3$I',
      'DROP TRIGGER IF EXISTS "append_only" ON %2$s',
      'CREATE TRIGGER "append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON %2$s FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"()',
      'ALTER TABLE %2$s ENABLE ALWAYS TRIGGER "append_only"'
    ])) WITH ORDINALITY AS statement (text, place)
    WHERE i.inhparent = '"audit"."Item_audit"'::regclass
    ORDER BY c.oid, statement.place
  LOOP
    EXECUTE command;
  END LOOP;
  DROP TRIGGER IF EXISTS "append_only" ON "audit"."Item_audit";
  CREATE TRIGGER "append_only"
    BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."Item_audit"
    FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
  ALTER TABLE "audit"."Item_audit" ENABLE ALWAYS TRIGGER "append_only";
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- The former audit schema: what is not ours stays.
DO $audit$
BEGIN
  IF pg_catalog.to_regnamespace('"trail"') IS NULL THEN
    RETURN;
  END IF;
  BEGIN
    DROP ROUTINE IF EXISTS "trail"."set_context"(jsonb);
  EXCEPTION WHEN dependent_objects_still_exist THEN
    RAISE NOTICE '% is still used and stays', '"trail"."set_context"(jsonb)';
  END;
  BEGIN
    DROP ROUTINE IF EXISTS "trail"."missing_setting"(text, text);
  EXCEPTION WHEN dependent_objects_still_exist THEN
    RAISE NOTICE '% is still used and stays', '"trail"."missing_setting"(text, text)';
  END;
  BEGIN
    DROP ROUTINE IF EXISTS "trail"."append_only"();
  EXCEPTION WHEN dependent_objects_still_exist THEN
    RAISE NOTICE '% is still used and stays', '"trail"."append_only"()';
  END;
  BEGIN
    DROP ROUTINE IF EXISTS "trail"."require_source"(text, text[]);
  EXCEPTION WHEN dependent_objects_still_exist THEN
    RAISE NOTICE '% is still used and stays', '"trail"."require_source"(text, text[])';
  END;
  BEGIN
    DROP ROUTINE IF EXISTS "trail"."keep_private"(regclass[], regprocedure[]);
  EXCEPTION WHEN dependent_objects_still_exist THEN
    RAISE NOTICE '% is still used and stays', '"trail"."keep_private"(regclass[], regprocedure[])';
  END;
  BEGIN
    DROP SCHEMA "trail";
  EXCEPTION WHEN dependent_objects_still_exist THEN
    RAISE NOTICE 'schema % holds other objects and stays', '"trail"';
    -- Not taken for one that is left over from a reset, which would make room for a new one.
    COMMENT ON SCHEMA "trail" IS 'prisma-generator-audit: detached by a down migration; its history is kept';
  END;
END
$audit$;

COMMENT ON SCHEMA "audit" IS 'prisma-generator-audit: the audit trail of this database, SQL version 1';
