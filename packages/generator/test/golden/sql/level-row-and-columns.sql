-- prisma-generator-audit v1 from=a31ff97c01f42caf text=a6a237098fa213fe
-- {"kind":"addColumn","source":{"schema":"public","name":"Order"},"column":{"name":"total","type":"integer"}}
-- {"kind":"changeKey","source":{"schema":"public","name":"Order"},"key":["note","id"]}
-- {"kind":"changeLevel","source":{"schema":"public","name":"Order"},"level":"row","updates":"all"}

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Order"

DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Order_audit"'::regclass
      AND a.attname IN ('total')
      AND NOT a.attisdropped
  ) < 1 THEN
    ALTER TABLE "audit"."Order_audit"
      ADD COLUMN IF NOT EXISTS "total" integer;
  END IF;
END
$audit$;
COMMENT ON COLUMN "audit"."Order_audit"."total" IS NULL;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

CREATE OR REPLACE FUNCTION "audit"."Order_audit_capture_row"()
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
  IF TG_OP = 'DELETE' THEN
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
      "status",
      "total"
    )
    VALUES (
      "audit_operation",
      "audit_operation_timestamp",
      now(),
      "audit_current_user",
      pg_current_xact_id()::text::bigint,
      coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
      nullif(current_setting('audit.app_uuid', true), '')::uuid,
      OLD."id",
      OLD."note",
      OLD."status"::text,
      OLD."total"
    );
    RETURN NULL;
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
    "status",
    "total"
  )
  VALUES (
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    pg_current_xact_id()::text::bigint,
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
    nullif(current_setting('audit.app_uuid', true), '')::uuid,
    NEW."id",
    NEW."note",
    NEW."status"::text,
    NEW."total"
  );
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Order_audit_key"()
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
  -- Only under a deferrable constraint can another row have this key already.
  IF EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = TG_RELID AND i.indisunique AND NOT i.indimmediate) THEN
    IF EXISTS (SELECT FROM "public"."Order" AS held WHERE held."note"::varchar(20) = OLD."note"::varchar(20) AND held."note"::varchar(20)::text COLLATE "C" = OLD."note"::varchar(20)::text COLLATE "C" AND held."id" = OLD."id") THEN
      RETURN NULL;
    END IF;
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
    "status",
    "total"
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
    OLD."status"::text,
    OLD."total";
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
    "status",
    "total"
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
    changed."status"::text,
    changed."total"
  FROM "public"."Order" AS changed
  WHERE changed.tableoid = TG_RELID OR (SELECT c.relkind = 'p' FROM pg_class AS c WHERE c.oid = TG_RELID);
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."Order_audit_capture_row"()',
    '"audit"."Order_audit_key"()',
    '"audit"."Order_audit_truncate"()'
  ]::regprocedure[]
);

DROP TRIGGER IF EXISTS "audit_key" ON "public"."Order";

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."Order"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
      AND (t.tgtype & 1) = 1
      AND t.tgqual IS NULL
  ) THEN
    CREATE OR REPLACE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
      AND (t.tgtype & 1) = 1
      AND t.tgqual IS NULL
  ) THEN
    CREATE OR REPLACE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
      AND (t.tgtype & 1) = 1
      AND t.tgqual IS NULL
  ) THEN
    CREATE OR REPLACE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."Order_audit_capture"();

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."Order"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."Order_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."Order"
      FOR EACH ROW WHEN (
        OLD."note"::text COLLATE "C" IS DISTINCT FROM NEW."note"::text COLLATE "C"
          OR OLD."id" IS DISTINCT FROM NEW."id"
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
