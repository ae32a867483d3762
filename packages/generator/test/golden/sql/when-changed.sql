-- prisma-generator-audit v1 from=d6e3d31f829e1d61 text=1edbfdd9508827c9
-- {"kind":"changeColumn","source":{"schema":"public","name":"Order"},"column":{"name":"note","type":"varchar(20)","whenChanged":true}}
-- {"kind":"addSetting","source":{"schema":"public","name":"Order"},"setting":{"name":"unchanged_columns","settingType":"String","type":"smallint[]","required":false,"fact":"unchanged_columns","column":"audit_unchanged_columns"}}

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Order"

DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Order_audit"'::regclass
      AND a.attname IN ('audit_unchanged_columns')
      AND NOT a.attisdropped
  ) < 1 THEN
    ALTER TABLE "audit"."Order_audit"
      ADD COLUMN IF NOT EXISTS "audit_unchanged_columns" smallint[];
  END IF;
END
$audit$;
COMMENT ON COLUMN "audit"."Order_audit"."audit_unchanged_columns" IS NULL;

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
  "unchanged_names" text[];
  "unchanged_numbers" smallint[];
BEGIN
  IF TG_OP = 'DELETE' THEN
    -- What the history of the row holds already is not written again, unless row level security may hide some of it.
    IF NOT row_security_active('"audit"."Order_audit"') THEN
      SELECT array_agg(a.attname), array_agg(a.attnum) INTO "unchanged_names", "unchanged_numbers"
      FROM (VALUES
        ('note', (
          SELECT c.objsubid::smallint FROM pg_get_object_address('table column', ARRAY['audit', 'Order_audit', 'note'], '{}') AS c
        ))
      ) AS a (attname, attnum)
      WHERE CASE a.attname
        WHEN 'note' THEN (
          SELECT held."audit_operation" <> 'D' AND ROW(held."note")::record *= ROW(CAST(OLD."note" AS varchar(20)))::record
          FROM (
            SELECT known."audit_id", known."audit_operation", known."note", known."audit_unchanged_columns" FROM "audit"."Order_audit" AS known
            WHERE known."id" = OLD."id"
            ORDER BY known."audit_id" DESC
            LIMIT 49
          ) AS held
          WHERE held."audit_operation" = 'D' OR (a.attnum = ANY (held."audit_unchanged_columns")) IS NOT TRUE
          ORDER BY held."audit_id" DESC
          LIMIT 1
        )
      END;
    END IF;
    INSERT INTO "audit"."Order_audit" (
      "audit_operation",
      "audit_operation_timestamp",
      "audit_transaction_timestamp",
      "audit_current_user",
      "audit_transaction_id",
      "audit_username",
      "audit_app_uuid",
      "audit_unchanged_columns",
      "id",
      "note",
      "status"
    )
    VALUES (
      "audit_operation",
      "audit_operation_timestamp",
      now(),
      "audit_current_user",
      pg_current_xact_id()::text::bigint,
      coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
      nullif(current_setting('audit.app_uuid', true), '')::uuid,
      "unchanged_numbers",
      OLD."id",
      CASE WHEN 'note' = ANY ("unchanged_names") THEN NULL ELSE OLD."note" END,
      OLD."status"::text
    );
    RETURN NULL;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    -- What the history of the row holds already is not written again, unless row level security may hide some of it.
    IF NOT row_security_active('"audit"."Order_audit"') THEN
      SELECT array_agg(a.attname), array_agg(a.attnum) INTO "unchanged_names", "unchanged_numbers"
      FROM (VALUES
        ('note', (
          SELECT c.objsubid::smallint FROM pg_get_object_address('table column', ARRAY['audit', 'Order_audit', 'note'], '{}') AS c
        ))
      ) AS a (attname, attnum)
      WHERE CASE a.attname
        WHEN 'note' THEN (
          SELECT held."audit_operation" <> 'D' AND ROW(held."note")::record *= ROW(CAST(NEW."note" AS varchar(20)))::record
          FROM (
            SELECT known."audit_id", known."audit_operation", known."note", known."audit_unchanged_columns" FROM "audit"."Order_audit" AS known
            WHERE known."id" = NEW."id"
            ORDER BY known."audit_id" DESC
            LIMIT 49
          ) AS held
          WHERE held."audit_operation" = 'D' OR (a.attnum = ANY (held."audit_unchanged_columns")) IS NOT TRUE
          ORDER BY held."audit_id" DESC
          LIMIT 1
        )
      END;
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
    "audit_unchanged_columns",
    "id",
    "note",
    "status"
  )
  VALUES (
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    pg_current_xact_id()::text::bigint,
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
    nullif(current_setting('audit.app_uuid', true), '')::uuid,
    "unchanged_numbers",
    NEW."id",
    CASE WHEN 'note' = ANY ("unchanged_names") THEN NULL ELSE NEW."note" END,
    NEW."status"::text
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
    IF EXISTS (SELECT FROM "public"."Order" AS held WHERE held."id" = OLD."id") THEN
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
    "audit_unchanged_columns",
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
    NULL,
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
    "audit_unchanged_columns",
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
    NULL,
    changed."id",
    changed."note",
    changed."status"::text
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
