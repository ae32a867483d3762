-- prisma-generator-audit v1 from=15a28bebfff21268 text=c062a10199e0da98
-- {"kind":"renameTable","source":{"schema":"public","name":"Order"},"to":{"schema":"shop","name":"Purchase"}}
-- {"kind":"renameObjects","source":{"schema":"shop","name":"Purchase"},"schema":"audit","names":{"table":"Purchase_audit","captureFunction":"Purchase_audit_capture","keyFunction":"Purchase_audit_key","truncateFunction":"Purchase_audit_truncate","insertTrigger":"purchase_insert","updateTrigger":"audit_update","deleteTrigger":"audit_delete","keyTrigger":"audit_key","truncateTrigger":"audit_truncate"}}
-- {"kind":"renameColumn","source":{"schema":"shop","name":"Purchase"},"column":"id","to":"number"}
-- {"kind":"renameColumn","source":{"schema":"shop","name":"Purchase"},"column":"note","to":"remark"}
-- {"kind":"renameColumn","source":{"schema":"shop","name":"Purchase"},"column":"audit_username","to":"by_username"}
-- {"kind":"retireColumn","source":{"schema":"shop","name":"Purchase"},"column":"price"}
-- {"kind":"retireSetting","source":{"schema":"shop","name":"Purchase"},"column":"audit_app_uuid"}
-- {"kind":"setAsideColumn","source":{"schema":"shop","name":"Purchase"},"column":"price","as":"price__2"}
-- {"kind":"changeColumn","source":{"schema":"shop","name":"Purchase"},"column":{"name":"remark","type":"text"}}
-- {"kind":"addColumn","source":{"schema":"shop","name":"Purchase"},"column":{"name":"price","type":"text"}}
-- {"kind":"addColumn","source":{"schema":"shop","name":"Purchase"},"column":{"name":"total","type":"integer"}}
-- {"kind":"addSetting","source":{"schema":"shop","name":"Purchase"},"setting":{"name":"reason","column":"by_reason","settingType":"String","type":"text","required":true}}
-- {"kind":"changeKey","source":{"schema":"shop","name":"Purchase"},"key":["number","total"]}
-- {"kind":"changeTruncate","source":{"schema":"shop","name":"Purchase"},"truncate":"refuse"}

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "shop"."Purchase"

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
      WHERE t.tgrelid = pg_catalog.to_regclass('"shop"."Purchase"')
        AND t.tgname = 'purchase_insert'
        AND f.oid = pg_catalog.to_regprocedure('"audit"."Purchase_audit_capture"()')
        AND pg_catalog.strpos(pg_catalog.regexp_replace(f.prosrc, '[ \r\n]+', ' ', 'g'), 'INSERT INTO "audit"."Purchase_audit" ( "audit_operation", "audit_operation_timestamp", "audit_transaction_timestamp", "audit_current_user", "audit_transaction_id", "by_username", "by_reason", "number", "remark", "price", "total" )') > 0
    )
    AND (
      SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = pg_catalog.to_regclass('"audit"."Purchase_audit"')
        AND a.attname IN ('number', 'remark', 'by_username', 'price__2')
        AND NOT a.attisdropped
    ) = 4
  THEN
    RETURN;
  END IF;
  -- No writer may be in the old functions meanwhile. A reader of the history stops none: its lock is tried for.
  LOOP
    BEGIN
      LOCK TABLE "shop"."Purchase" IN ACCESS EXCLUSIVE MODE;
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
  ALTER INDEX IF EXISTS "audit"."Order_audit_pkey" RENAME TO "Purchase_audit_pkey";
  ALTER INDEX IF EXISTS "audit"."Order_audit_key" RENAME TO "Purchase_audit_key";
  ALTER SEQUENCE IF EXISTS "audit"."Order_audit_audit_id_seq" RENAME TO "Purchase_audit_audit_id_seq";
  ALTER TABLE "audit"."Order_audit" RENAME TO "Purchase_audit";
  ALTER FUNCTION "audit"."Order_audit_capture"() RENAME TO "Purchase_audit_capture";
  ALTER FUNCTION "audit"."Order_audit_key"() RENAME TO "Purchase_audit_key";
  ALTER FUNCTION "audit"."Order_audit_truncate"() RENAME TO "Purchase_audit_truncate";
  FOR command IN
    SELECT pg_catalog.format('ALTER TRIGGER %I ON %s RENAME TO %I', t.tgname, t.tgrelid::regclass, pair.called)
    FROM (
      VALUES
        ('audit_insert', 'purchase_insert')
    ) AS pair (name, called)
    JOIN pg_catalog.pg_trigger AS t ON t.tgname = pair.name
    WHERE t.tgrelid = pg_catalog.to_regclass('"shop"."Purchase"')
  LOOP
    EXECUTE command;
  END LOOP;
  ALTER TABLE "audit"."Purchase_audit" RENAME COLUMN "id" TO "number";
  ALTER TABLE "audit"."Purchase_audit" RENAME COLUMN "note" TO "remark";
  ALTER TABLE "audit"."Purchase_audit" RENAME COLUMN "audit_username" TO "by_username";
  IF EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS c
    WHERE c.conrelid = '"audit"."Purchase_audit"'::regclass AND c.conname = 'audit_username_required'
  ) THEN
    ALTER TABLE "audit"."Purchase_audit" RENAME CONSTRAINT "audit_username_required" TO "by_username_required";
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."Purchase_audit" IS 'History of "shop"."Purchase"';

COMMENT ON COLUMN "audit"."Purchase_audit"."price" IS 'Retired: kept for its history, written no more.';

COMMENT ON COLUMN "audit"."Purchase_audit"."audit_app_uuid" IS 'Retired: kept for its history, written no more.';

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Purchase_audit"'::regclass AND a.attname = 'price__2' AND NOT a.attisdropped
  ) THEN
    ALTER TABLE "audit"."Purchase_audit" RENAME COLUMN "price" TO "price__2";
  END IF;
END
$audit$;

ALTER TABLE "audit"."Purchase_audit" ALTER COLUMN "remark" TYPE text;

DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Purchase_audit"'::regclass
      AND a.attname IN ('price')
      AND NOT a.attisdropped
  ) < 1 THEN
    ALTER TABLE "audit"."Purchase_audit"
      ADD COLUMN IF NOT EXISTS "price" text;
  END IF;
END
$audit$;
COMMENT ON COLUMN "audit"."Purchase_audit"."price" IS NULL;

DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Purchase_audit"'::regclass
      AND a.attname IN ('total')
      AND NOT a.attisdropped
  ) < 1 THEN
    ALTER TABLE "audit"."Purchase_audit"
      ADD COLUMN IF NOT EXISTS "total" integer;
  END IF;
END
$audit$;
COMMENT ON COLUMN "audit"."Purchase_audit"."total" IS NULL;

DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Purchase_audit"'::regclass
      AND a.attname IN ('by_reason')
      AND NOT a.attisdropped
  ) < 1 THEN
    ALTER TABLE "audit"."Purchase_audit"
      ADD COLUMN IF NOT EXISTS "by_reason" text;
  END IF;
END
$audit$;
COMMENT ON COLUMN "audit"."Purchase_audit"."by_reason" IS NULL;

CREATE OR REPLACE FUNCTION "audit"."Purchase_audit_capture"()
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
  "by_username" CONSTANT text := nullif(current_setting('audit.username', true), '');
  "by_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Purchase_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "by_username",
    "by_reason",
    "number",
    "remark",
    "price",
    "total"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("by_username", "audit"."missing_setting"('audit.username', '"shop"."Purchase"')),
    coalesce("by_reason", "audit"."missing_setting"('audit.reason', '"shop"."Purchase"')),
    changed."number",
    changed."remark",
    changed."price",
    changed."total"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Purchase_audit_key"()
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
  "by_username" CONSTANT text := nullif(current_setting('audit.username', true), '');
  "by_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Purchase_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "by_username",
    "by_reason",
    "number",
    "remark",
    "price",
    "total"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("by_username", "audit"."missing_setting"('audit.username', '"shop"."Purchase"')),
    coalesce("by_reason", "audit"."missing_setting"('audit.reason', '"shop"."Purchase"')),
    OLD."number",
    OLD."remark",
    OLD."price",
    OLD."total";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Purchase_audit_truncate"()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $audit$
BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'AU003',
    MESSAGE = format('%I.%I is audited: TRUNCATE is not allowed', TG_TABLE_SCHEMA, TG_TABLE_NAME),
    HINT = 'Use DELETE, or audit the model with truncate: record.';
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."Purchase_audit_capture"()',
    '"audit"."Purchase_audit_key"()',
    '"audit"."Purchase_audit_truncate"()'
  ]::regprocedure[]
);

DROP TRIGGER IF EXISTS "audit_key" ON "shop"."Purchase";

DO $audit$
DECLARE
  source CONSTANT regclass := '"shop"."Purchase"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'purchase_insert' AND t.tgfoid = '"audit"."Purchase_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "purchase_insert"
      AFTER INSERT ON "shop"."Purchase"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Purchase_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."Purchase_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "shop"."Purchase"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Purchase_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."Purchase_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "shop"."Purchase"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Purchase_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."Purchase_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "shop"."Purchase"
      FOR EACH ROW WHEN (
        OLD."number" IS DISTINCT FROM NEW."number"
          OR OLD."total" IS DISTINCT FROM NEW."total"
      )
      EXECUTE FUNCTION "audit"."Purchase_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."Purchase_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "shop"."Purchase"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Purchase_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- Waits for the writers that began with the old functions, and lets the others go on at once.
LOCK TABLE "shop"."Purchase" IN SHARE MODE;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS c
    WHERE c.conrelid = '"audit"."Purchase_audit"'::regclass AND c.conname = 'by_reason_required'
  ) THEN
    ALTER TABLE "audit"."Purchase_audit"
      ADD CONSTRAINT "by_reason_required" CHECK ("by_reason" IS NOT NULL) NOT VALID;
  END IF;
END
$audit$;
