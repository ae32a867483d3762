-- Takes the steps of migration.sql back. No history is dropped. Run it by hand.

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "shop"."Order"

DO $audit$
DECLARE
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + patience::interval;
  command text;
BEGIN
  -- Run again after a later section failed, it finds its work done.
  IF
    EXISTS (
      SELECT FROM pg_catalog.pg_proc AS f
      WHERE f.oid = pg_catalog.to_regprocedure('"audit"."Order_audit_capture"()')
        AND pg_catalog.strpos(pg_catalog.regexp_replace(f.prosrc, '[ \r\n]+', ' ', 'g'), 'INSERT INTO "audit"."Order_audit" ( "audit_operation", "audit_operation_timestamp", "audit_transaction_timestamp", "audit_current_user", "audit_transaction_id", "audit_username", "audit_app_uuid", "id", "note", "price" )') > 0
    )
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = coalesce(pg_catalog.to_regclass('"shop"."Order"'), pg_catalog.to_regclass('"public"."Order"')) AND t.tgname = 'a_i'
    )
  THEN
    RETURN;
  END IF;
  -- No writer may be in the old functions meanwhile. A reader of the history stops none: its lock is tried for.
  LOOP
    BEGIN
      FOR command IN
        SELECT pg_catalog.format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', c.oid::regclass)
        FROM pg_catalog.pg_class AS c
        WHERE c.oid = coalesce(pg_catalog.to_regclass('"shop"."Order"'), pg_catalog.to_regclass('"public"."Order"'))
      LOOP
        EXECUTE command;
      END LOOP;
      PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
      LOCK TABLE "audit"."Order_audit" IN ACCESS EXCLUSIVE MODE;
      PERFORM pg_catalog.set_config('lock_timeout', patience, true);
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF patience <> '0' AND pg_catalog.clock_timestamp() > deadline THEN
        RAISE;
      END IF;
      PERFORM pg_catalog.pg_sleep(0.1);
    END;
  END LOOP;
  FOR command IN
    SELECT pg_catalog.format('ALTER TRIGGER %I ON %s RENAME TO %I', t.tgname, t.tgrelid::regclass, pair.called)
    FROM (
      VALUES
        ('a_i', 'audit_insert'),
        ('a_u', 'audit_update'),
        ('a_d', 'audit_delete'),
        ('a_k', 'audit_key'),
        ('a_t', 'audit_truncate')
    ) AS pair (name, called)
    JOIN pg_catalog.pg_trigger AS t ON t.tgname = pair.name
    WHERE t.tgrelid = coalesce(pg_catalog.to_regclass('"shop"."Order"'), pg_catalog.to_regclass('"public"."Order"'))
  LOOP
    EXECUTE command;
  END LOOP;
END
$audit$;

COMMENT ON TABLE "audit"."Order_audit" IS 'History of "public"."Order"';

COMMENT ON TABLE "audit"."Order_audit" IS 'History of "public"."Order"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"shop"."Order"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "shop"."Order";
    DROP TRIGGER IF EXISTS "audit_update" ON "shop"."Order";
    DROP TRIGGER IF EXISTS "audit_delete" ON "shop"."Order";
    DROP TRIGGER IF EXISTS "audit_key" ON "shop"."Order";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "shop"."Order";
  END IF;
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

DO $audit2$
BEGIN
  IF pg_catalog.to_regclass('"public"."Order"') IS NOT NULL THEN
    DO $audit$
    DECLARE
      source CONSTANT regclass := pg_catalog.to_regclass('"public"."Order"');
    BEGIN
      IF source IS NULL THEN
        RAISE WARNING '% is not there: to have it audited again, create it and run this once more', '"public"."Order"';
        RETURN;
      END IF;
      IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS t
        WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."Order_audit_capture"()'::regprocedure
      ) THEN
        CREATE TRIGGER "audit_insert"
          AFTER INSERT ON "public"."Order"
          REFERENCING NEW TABLE AS changed
          FOR EACH STATEMENT
          EXECUTE FUNCTION "audit"."Order_audit_capture"();
      END IF;
      IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS t
        WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."Order_audit_capture"()'::regprocedure
      ) THEN
        CREATE TRIGGER "audit_update"
          AFTER UPDATE ON "public"."Order"
          REFERENCING NEW TABLE AS changed
          FOR EACH STATEMENT
          EXECUTE FUNCTION "audit"."Order_audit_capture"();
      END IF;
      IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS t
        WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."Order_audit_capture"()'::regprocedure
      ) THEN
        CREATE TRIGGER "audit_delete"
          AFTER DELETE ON "public"."Order"
          REFERENCING OLD TABLE AS changed
          FOR EACH STATEMENT
          EXECUTE FUNCTION "audit"."Order_audit_capture"();
      END IF;
      IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS t
        WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."Order_audit_key"()'::regprocedure
      ) THEN
        CREATE TRIGGER "audit_key"
          AFTER UPDATE ON "public"."Order"
          FOR EACH ROW WHEN (
            OLD."id" IS DISTINCT FROM NEW."id"
          )
          EXECUTE FUNCTION "audit"."Order_audit_key"();
      END IF;
      IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger AS t
        WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."Order_audit_truncate"()'::regprocedure
      ) THEN
        CREATE TRIGGER "audit_truncate"
          BEFORE TRUNCATE ON "public"."Order"
          FOR EACH STATEMENT
          EXECUTE FUNCTION "audit"."Order_audit_truncate"();
      END IF;
    END
    $audit$;
  END IF;
END
$audit2$;
