-- prisma-generator-audit v1 from=15a28bebfff21268 text=856980b06ee5e502
-- {"kind":"renameTable","source":{"schema":"public","name":"Order"},"to":{"schema":"public","name":"Zold"}}
-- {"kind":"renameObjects","source":{"schema":"public","name":"Zold"},"schema":"audit","names":{"table":"Zold_audit","captureFunction":"Zold_audit_capture","keyFunction":"Zold_audit_key","truncateFunction":"Zold_audit_truncate","insertTrigger":"audit_insert","updateTrigger":"audit_update","deleteTrigger":"audit_delete","keyTrigger":"audit_key","truncateTrigger":"audit_truncate"}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"Order"},"table":{"schema":"audit","key":["id"],"missingSettings":"refuse","truncate":"record","names":{"table":"Order_audit"},"columns":[{"name":"id","type":"integer"},{"name":"note","type":"varchar(20)"},{"name":"price","type":"integer"}],"settings":[{"name":"username","column":"audit_username","settingType":"String","type":"text","required":true},{"name":"app_uuid","column":"audit_app_uuid","settingType":"Uuid","type":"uuid","required":false}]}}

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
      WHERE t.tgrelid = pg_catalog.to_regclass('"public"."Zold"')
        AND t.tgname = 'audit_insert'
        AND f.oid = pg_catalog.to_regprocedure('"audit"."Zold_audit_capture"()')
        AND pg_catalog.strpos(pg_catalog.regexp_replace(f.prosrc, '[ \r\n]+', ' ', 'g'), 'INSERT INTO "audit"."Zold_audit" ( "audit_operation", "audit_operation_timestamp", "audit_transaction_timestamp", "audit_current_user", "audit_transaction_id", "audit_username", "audit_app_uuid", "id", "note", "price" )') > 0
    )
  THEN
    RETURN;
  END IF;
  -- No writer may be in the old functions meanwhile. A reader of the history stops none: its lock is tried for.
  LOOP
    BEGIN
      LOCK TABLE "public"."Zold" IN SHARE ROW EXCLUSIVE MODE;
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
  ALTER INDEX IF EXISTS "audit"."Order_audit_pkey" RENAME TO "Order_audit__moving_pkey";
  ALTER INDEX IF EXISTS "audit"."Order_audit_key" RENAME TO "Order_audit__moving_key";
  ALTER SEQUENCE IF EXISTS "audit"."Order_audit_audit_id_seq" RENAME TO "Order_audit__moving_audit_id_seq";
  ALTER TABLE "audit"."Order_audit" RENAME TO "Order_audit__moving";
  ALTER FUNCTION "audit"."Order_audit_capture"() RENAME TO "Order_audit_capture__moving";
  ALTER FUNCTION "audit"."Order_audit_key"() RENAME TO "Order_audit_key__moving";
  ALTER FUNCTION "audit"."Order_audit_truncate"() RENAME TO "Order_audit_truncate__moving";
  ALTER INDEX IF EXISTS "audit"."Order_audit__moving_pkey" RENAME TO "Zold_audit_pkey";
  ALTER INDEX IF EXISTS "audit"."Order_audit__moving_key" RENAME TO "Zold_audit_key";
  ALTER SEQUENCE IF EXISTS "audit"."Order_audit__moving_audit_id_seq" RENAME TO "Zold_audit_audit_id_seq";
  ALTER TABLE "audit"."Order_audit__moving" RENAME TO "Zold_audit";
  ALTER FUNCTION "audit"."Order_audit_capture__moving"() RENAME TO "Zold_audit_capture";
  ALTER FUNCTION "audit"."Order_audit_key__moving"() RENAME TO "Zold_audit_key";
  ALTER FUNCTION "audit"."Order_audit_truncate__moving"() RENAME TO "Zold_audit_truncate";
END
$audit$;

-- History of "public"."Order"

CALL "audit"."require_source"(
  '"public"."Order"',
  ARRAY['id', 'note', 'price']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."Order_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_app_uuid" uuid,
  "id" integer,
  "note" varchar(20),
  "price" integer,
  CONSTRAINT "Order_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Order_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_app_uuid', 'id', 'note', 'price')
      AND NOT a.attisdropped
  ) < 5 THEN
    ALTER TABLE "audit"."Order_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_app_uuid" uuid,
      ADD COLUMN IF NOT EXISTS "id" integer,
      ADD COLUMN IF NOT EXISTS "note" varchar(20),
      ADD COLUMN IF NOT EXISTS "price" integer;
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."Order_audit" IS 'History of "public"."Order"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."Order_audit_key"') IS NULL THEN
    CREATE INDEX "Order_audit_key"
      ON "audit"."Order_audit" ("id", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."Order_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."Order_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."Order_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."Order_audit"'::regclass], '{}');
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

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."Order_audit_capture"()',
    '"audit"."Order_audit_key"()',
    '"audit"."Order_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."Order"';
BEGIN
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

-- History of "public"."Zold"

COMMENT ON TABLE "audit"."Zold_audit" IS 'History of "public"."Zold"';

CREATE OR REPLACE FUNCTION "audit"."Zold_audit_capture"()
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
  INSERT INTO "audit"."Zold_audit" (
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
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Zold"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    changed."id",
    changed."note",
    changed."price"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Zold_audit_key"()
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
  INSERT INTO "audit"."Zold_audit" (
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
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Zold"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    OLD."id",
    OLD."note",
    OLD."price";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Zold_audit_truncate"()
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
  INSERT INTO "audit"."Zold_audit" (
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
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Zold"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    changed."id",
    changed."note",
    changed."price"
  FROM ONLY "public"."Zold" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."Zold_audit_capture"()',
    '"audit"."Zold_audit_key"()',
    '"audit"."Zold_audit_truncate"()'
  ]::regprocedure[]
);
