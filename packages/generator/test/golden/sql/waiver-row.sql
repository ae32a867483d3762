-- prisma-generator-audit v1 from=d6e3d31f829e1d61 text=8665353f6ad97aef
-- {"kind":"changeWaiver","schema":"audit","role":"Audit Maintenance"}
-- {"kind":"changeWaivable","source":{"schema":"public","name":"Order"},"waivable":true}

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- Capture can be waived by members of the role Audit Maintenance.

CREATE TABLE IF NOT EXISTS "audit"."capture_waiver" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "source" text,
  "row_count" bigint,
  "reason" text NOT NULL,
  CONSTRAINT "capture_waiver_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('W', 'I', 'U', 'D', 'T'))
);

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."capture_waiver_transaction"') IS NULL THEN
    CREATE INDEX "capture_waiver_transaction"
      ON "audit"."capture_waiver" ("audit_transaction_id", "source", "audit_operation");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."capture_waiver"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."capture_waiver"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."capture_waiver" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."capture_waiver"'::regclass], '{}');
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF pg_catalog.obj_description('"audit"."capture_waiver"'::regclass, 'pg_class') IS NULL THEN
    COMMENT ON TABLE "audit"."capture_waiver" IS 'What was not captured, because it was waived';
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."waive_capture"(reason text)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $audit$
DECLARE
  -- This function runs as its owner: who really writes is the session's user, or the role that it took.
  writer CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_roles AS r
    WHERE r.rolname = 'Audit Maintenance' AND pg_has_role(writer::name, r.oid, 'USAGE')
  ) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'AU004',
      MESSAGE = format('role %I may not waive capture: it is no member of the role %I', writer, 'Audit Maintenance'),
      DETAIL = CASE WHEN EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = 'Audit Maintenance')
        THEN 'A member that does not inherit its rights has to take it by SET ROLE first.'
        ELSE 'There is no such role in this cluster, so nobody may.'
      END,
      HINT = format('Write without a waiver (RESET %s), or have the role granted to you.', 'audit_capture.waived');
  END IF;
  IF reason IS NULL OR btrim(reason) = '' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = 'a waiver of capture needs a reason';
  END IF;
  INSERT INTO "audit"."capture_waiver" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "source",
    "row_count",
    "reason"
  )
  VALUES (
    'W',
    clock_timestamp(),
    now(),
    writer,
    pg_current_xact_id()::text::bigint,
    NULL,
    NULL,
    reason
  );
  PERFORM set_config('audit_capture.waived', pg_current_xact_id()::text, true);
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."record_waiver"(changed_table text, operation text, changed_rows bigint)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $audit$
DECLARE
  -- This function runs as its owner: who really writes is the session's user, or the role that it took.
  writer CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
  given CONSTANT text := (
    SELECT w."reason" FROM "audit"."capture_waiver" AS w
    WHERE w."audit_transaction_id" = pg_current_xact_id()::text::bigint
      AND w."audit_transaction_timestamp" = now()
      AND w."source" IS NULL
    ORDER BY w."audit_id" DESC
    LIMIT 1
  );
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_roles AS r
    WHERE r.rolname = 'Audit Maintenance' AND pg_has_role(writer::name, r.oid, 'USAGE')
  ) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'AU004',
      MESSAGE = format('role %I may not waive capture: it is no member of the role %I', writer, 'Audit Maintenance'),
      DETAIL = CASE WHEN EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = 'Audit Maintenance')
        THEN 'A member that does not inherit its rights has to take it by SET ROLE first.'
        ELSE 'There is no such role in this cluster, so nobody may.'
      END,
      HINT = format('Write without a waiver (RESET %s), or have the role granted to you.', 'audit_capture.waived');
  END IF;
  IF given IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'AU004',
      MESSAGE = 'capture is not waived in this transaction',
      DETAIL = format('The setting %s was set by hand, or is left from somewhere else.', 'audit_capture.waived'),
      HINT = format('Run SELECT %s(''<reason>'') in the transaction that writes, or RESET %s.', 'audit.waive_capture', 'audit_capture.waived');
  END IF;
  -- A statement that changes nothing leaves nothing out.
  IF changed_rows = 0 THEN
    RETURN;
  END IF;
  INSERT INTO "audit"."capture_waiver" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "source",
    "row_count",
    "reason"
  )
  VALUES (
    operation,
    clock_timestamp(),
    now(),
    writer,
    pg_current_xact_id()::text::bigint,
    changed_table,
    changed_rows,
    given
  );
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."waive_capture"(text)',
    '"audit"."record_waiver"(text, text, bigint)'
  ]::regprocedure[]
);

-- Everybody may ask: the function itself looks whether the role is there, and who its members are.
GRANT EXECUTE ON FUNCTION "audit"."waive_capture"(text) TO PUBLIC;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Order"

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
  -- Refused unless a member of the role waived it in this transaction; never left out without a row.
  IF current_setting('audit_capture.waived', true) <> '' THEN
    IF NOT EXISTS (
      SELECT FROM "audit"."capture_waiver" AS w
      WHERE w."audit_transaction_id" = pg_current_xact_id()::text::bigint
        AND w."audit_transaction_timestamp" = now()
        AND w."source" = '"public"."Order"'
        AND w."audit_operation" = "audit_operation"::char(1)
        AND w."audit_current_user" = "audit_current_user"
        AND w."row_count" IS NULL
    ) THEN
      PERFORM "audit"."record_waiver"('"public"."Order"', "audit_operation", NULL);
    END IF;
    RETURN NULL;
  END IF;
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
      OLD."id",
      OLD."note",
      OLD."status"::text
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
    NEW."id",
    NEW."note",
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
  -- Refused unless a member of the role waived it in this transaction; never left out without a row.
  IF current_setting('audit_capture.waived', true) <> '' THEN
    IF NOT EXISTS (
      SELECT FROM "audit"."capture_waiver" AS w
      WHERE w."audit_transaction_id" = pg_current_xact_id()::text::bigint
        AND w."audit_transaction_timestamp" = now()
        AND w."source" = '"public"."Order"'
        AND w."audit_operation" = "audit_operation"::char(1)
        AND w."audit_current_user" = "audit_current_user"
        AND w."row_count" IS NULL
    ) THEN
      PERFORM "audit"."record_waiver"('"public"."Order"', "audit_operation", NULL);
    END IF;
    RETURN NULL;
  END IF;
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
  -- Refused unless a member of the role waived it in this transaction; never left out without a row.
  IF current_setting('audit_capture.waived', true) <> '' THEN
    PERFORM "audit"."record_waiver"('"public"."Order"', 'T', NULL);
    RETURN NULL;
  END IF;
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
