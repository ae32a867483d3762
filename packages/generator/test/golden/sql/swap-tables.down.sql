-- Takes the steps of migration.sql back. No history is dropped. Run it by hand.

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- Tables of the audit exchange names: all at once.

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
      WHERE t.tgrelid = coalesce(pg_catalog.to_regclass('"public"."Item"'), pg_catalog.to_regclass('"public"."Order"'))
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
        WHERE c.oid = coalesce(pg_catalog.to_regclass('"public"."Item"'), pg_catalog.to_regclass('"public"."Order"'))
      LOOP
        EXECUTE command;
      END LOOP;
      PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
      FOR command IN
        SELECT pg_catalog.format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', c.oid::regclass)
        FROM pg_catalog.pg_class AS c
        WHERE c.oid = coalesce(pg_catalog.to_regclass('"public"."Order"'), pg_catalog.to_regclass('"public"."Item"'))
      LOOP
        EXECUTE command;
      END LOOP;
      LOCK TABLE "audit"."Item_audit" IN ACCESS EXCLUSIVE MODE;
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
  ALTER INDEX IF EXISTS "audit"."Item_audit_pkey" RENAME TO "Item_audit__moving_pkey";
  ALTER INDEX IF EXISTS "audit"."Item_audit_key" RENAME TO "Item_audit__moving_key";
  ALTER SEQUENCE IF EXISTS "audit"."Item_audit_audit_id_seq" RENAME TO "Item_audit__moving_audit_id_seq";
  ALTER TABLE "audit"."Item_audit" RENAME TO "Item_audit__moving";
  ALTER FUNCTION "audit"."Item_audit_capture"() RENAME TO "Item_audit_capture__moving";
  ALTER FUNCTION "audit"."Item_audit_key"() RENAME TO "Item_audit_key__moving";
  ALTER FUNCTION "audit"."Item_audit_truncate"() RENAME TO "Item_audit_truncate__moving";
  ALTER INDEX IF EXISTS "audit"."Order_audit_pkey" RENAME TO "Order_audit__moving_pkey";
  ALTER INDEX IF EXISTS "audit"."Order_audit_key" RENAME TO "Order_audit__moving_key";
  ALTER SEQUENCE IF EXISTS "audit"."Order_audit_audit_id_seq" RENAME TO "Order_audit__moving_audit_id_seq";
  ALTER TABLE "audit"."Order_audit" RENAME TO "Order_audit__moving";
  ALTER FUNCTION "audit"."Order_audit_capture"() RENAME TO "Order_audit_capture__moving";
  ALTER FUNCTION "audit"."Order_audit_key"() RENAME TO "Order_audit_key__moving";
  ALTER FUNCTION "audit"."Order_audit_truncate"() RENAME TO "Order_audit_truncate__moving";
  ALTER INDEX IF EXISTS "audit"."Item_audit__moving_pkey" RENAME TO "Order_audit_pkey";
  ALTER INDEX IF EXISTS "audit"."Item_audit__moving_key" RENAME TO "Order_audit_key";
  ALTER SEQUENCE IF EXISTS "audit"."Item_audit__moving_audit_id_seq" RENAME TO "Order_audit_audit_id_seq";
  ALTER TABLE "audit"."Item_audit__moving" RENAME TO "Order_audit";
  ALTER FUNCTION "audit"."Item_audit_capture__moving"() RENAME TO "Order_audit_capture";
  ALTER FUNCTION "audit"."Item_audit_key__moving"() RENAME TO "Order_audit_key";
  ALTER FUNCTION "audit"."Item_audit_truncate__moving"() RENAME TO "Order_audit_truncate";
  ALTER INDEX IF EXISTS "audit"."Order_audit__moving_pkey" RENAME TO "Item_audit_pkey";
  ALTER INDEX IF EXISTS "audit"."Order_audit__moving_key" RENAME TO "Item_audit_key";
  ALTER SEQUENCE IF EXISTS "audit"."Order_audit__moving_audit_id_seq" RENAME TO "Item_audit_audit_id_seq";
  ALTER TABLE "audit"."Order_audit__moving" RENAME TO "Item_audit";
  ALTER FUNCTION "audit"."Order_audit_capture__moving"() RENAME TO "Item_audit_capture";
  ALTER FUNCTION "audit"."Order_audit_key__moving"() RENAME TO "Item_audit_key";
  ALTER FUNCTION "audit"."Order_audit_truncate__moving"() RENAME TO "Item_audit_truncate";
END
$audit$;

-- History of "public"."Order"

COMMENT ON TABLE "audit"."Item_audit" IS 'History of "public"."Item"';

CREATE OR REPLACE FUNCTION "audit"."Item_audit_capture"()
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
  INSERT INTO "audit"."Item_audit" (
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
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Item"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    changed."id",
    changed."note",
    changed."price"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Item_audit_key"()
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
  INSERT INTO "audit"."Item_audit" (
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
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Item"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    OLD."id",
    OLD."note",
    OLD."price";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Item_audit_truncate"()
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
  INSERT INTO "audit"."Item_audit" (
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
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Item"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    changed."id",
    changed."note",
    changed."price"
  FROM ONLY "public"."Item" AS changed;
  RETURN NULL;
END
$audit$;

-- History of "public"."Item"

COMMENT ON TABLE "audit"."Order_audit" IS 'History of "public"."Order"';

COMMENT ON TABLE "audit"."Order_audit" IS 'History of "public"."Order"';

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
