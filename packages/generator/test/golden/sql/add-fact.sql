-- prisma-generator-audit v1 from=a31ff97c01f42caf text=d3a876cfade8fd4f
-- {"kind":"addSetting","source":{"schema":"public","name":"Order"},"setting":{"name":"client_addr","settingType":"String","type":"inet","required":false,"fact":"client_addr","column":"audit_client_addr"}}
-- {"kind":"addSetting","source":{"schema":"public","name":"Order"},"setting":{"name":"application_name","settingType":"String","type":"text","required":false,"fact":"application_name","column":"audit_application_name"}}

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Order"

DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Order_audit"'::regclass
      AND a.attname IN ('audit_client_addr')
      AND NOT a.attisdropped
  ) < 1 THEN
    ALTER TABLE "audit"."Order_audit"
      ADD COLUMN IF NOT EXISTS "audit_client_addr" inet;
  END IF;
END
$audit$;
COMMENT ON COLUMN "audit"."Order_audit"."audit_client_addr" IS NULL;

DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Order_audit"'::regclass
      AND a.attname IN ('audit_application_name')
      AND NOT a.attisdropped
  ) < 1 THEN
    ALTER TABLE "audit"."Order_audit"
      ADD COLUMN IF NOT EXISTS "audit_application_name" text;
  END IF;
END
$audit$;
COMMENT ON COLUMN "audit"."Order_audit"."audit_application_name" IS NULL;

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
    "audit_client_addr",
    "audit_application_name",
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
    inet_client_addr(),
    nullif(current_setting('application_name'), ''),
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
    "audit_client_addr",
    "audit_application_name",
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
    inet_client_addr(),
    nullif(current_setting('application_name'), ''),
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
    "audit_client_addr",
    "audit_application_name",
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
    inet_client_addr(),
    nullif(current_setting('application_name'), ''),
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
