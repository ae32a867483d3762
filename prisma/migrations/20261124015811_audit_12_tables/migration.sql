-- prisma-generator-audit v1 from=280c9438c66e78db text=308b4d2c39ffe62e
-- {"kind":"createSchema","name":"audit","sqlVersion":1}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"Category"},"table":{"schema":"audit","key":["slug"],"missingSettings":"refuse","truncate":"record","names":{"table":"Category_audit"},"columns":[{"name":"slug","type":"varchar(80)"},{"name":"title","type":"text"},{"name":"position","type":"smallint"},{"name":"parent_slug","type":"varchar(80)"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"}]}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"Parcel"},"table":{"schema":"audit","key":["barcode"],"missingSettings":"refuse","truncate":"record","names":{"table":"Parcel_audit"},"columns":[{"name":"barcode","type":"varchar(64)"},{"name":"order_id","type":"bigint"},{"name":"grams","type":"integer"},{"name":"carrier_oid","type":"oid"},{"name":"insured","type":"money"},{"name":"length","type":"double precision"},{"name":"flags","type":"bit(8)"},{"name":"route","type":"varbit(64)"},{"name":"label","type":"xml"},{"name":"pickup_at","type":"timetz(3)"},{"name":"sent_at","type":"timestamp(6)"},{"name":"scans","type":"timestamptz(3)[]"},{"name":"weights","type":"numeric(8,3)[]"},{"name":"checkpoints","type":"bigint[]"},{"name":"signatures","type":"bytea[]"},{"name":"events","type":"jsonb[]"},{"name":"handlers","type":"uuid[]"},{"name":"codes","type":"double precision[]"},{"name":"answers","type":"boolean[]"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"}]}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"Payment"},"table":{"schema":"audit","key":["id"],"missingSettings":"refuse","truncate":"refuse","names":{"table":"Payment_audit"},"columns":[{"name":"id","type":"uuid"},{"name":"order_id","type":"bigint"},{"name":"method","type":"text","isEnum":true},{"name":"amount","type":"numeric(12,2)"},{"name":"received_at","type":"timestamptz(3)"},{"name":"response","type":"jsonb"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"}]}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"Product Catalogue"},"table":{"schema":"audit","key":["id"],"missingSettings":"refuse","truncate":"record","names":{"table":"Product Catalogue_audit"},"columns":[{"name":"id","type":"integer"},{"name":"sku","type":"varchar(32)"},{"name":"name","type":"text"},{"name":"status","type":"text","isEnum":true},{"name":"price","type":"numeric(10,2)"},{"name":"weight kg","type":"real"},{"name":"tags","type":"text[]"},{"name":"sizes","type":"integer[]"},{"name":"sellableOn","type":"text[]","isEnum":true},{"name":"details","type":"jsonb"},{"name":"Manual","type":"json"},{"name":"image","type":"bytea"},{"name":"release_date","type":"date"},{"name":"withdrawn_at","type":"timestamptz(6)"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"}]}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"Review"},"table":{"schema":"audit","key":["id"],"missingSettings":"refuse","truncate":"record","names":{"table":"Review_audit"},"columns":[{"name":"id","type":"integer"},{"name":"customer_id","type":"uuid"},{"name":"product_id","type":"integer"},{"name":"stars","type":"smallint"},{"name":"text","type":"text"},{"name":"created_at","type":"timestamp(3)"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"}]}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"StockMovement"},"table":{"schema":"audit","key":["id"],"missingSettings":"refuse","truncate":"record","names":{"table":"StockMovement_audit"},"columns":[{"name":"id","type":"bigint"},{"name":"productId","type":"integer"},{"name":"delta","type":"integer"},{"name":"user","type":"varchar(80)"},{"name":"at","type":"timestamptz(6)"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"}]}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"_CategoryToProduct"},"table":{"schema":"audit","key":["category_slug","product_id"],"missingSettings":"refuse","truncate":"record","level":"row","names":{"table":"_CategoryToProduct_audit"},"columns":[{"name":"category_slug","sourceName":"A","type":"varchar(80)"},{"name":"product_id","sourceName":"B","type":"integer"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"}]}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"customer_addresses"},"table":{"schema":"audit","key":["customer_id","label"],"missingSettings":"refuse","truncate":"record","names":{"table":"customer_addresses_audit"},"columns":[{"name":"customer_id","type":"uuid"},{"name":"label","type":"varchar(40)"},{"name":"lines","type":"text[]"},{"name":"postcode","type":"varchar(12)"},{"name":"is default","type":"boolean"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"}]}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"customers"},"table":{"schema":"audit","key":["id"],"missingSettings":"refuse","truncate":"record","names":{"table":"customers_audit"},"columns":[{"name":"id","type":"uuid"},{"name":"email","type":"varchar(320)"},{"name":"name","type":"text"},{"name":"country_code","type":"char(2)"},{"name":"credit_limit","type":"numeric(14,4)"},{"name":"points","type":"integer"},{"name":"lifetime_cents","type":"bigint"},{"name":"rating","type":"double precision"},{"name":"newsletter","type":"boolean"},{"name":"channels","type":"text[]","isEnum":true},{"name":"birthday","type":"date"},{"name":"preferences","type":"jsonb"},{"name":"public_key","type":"bytea"},{"name":"created_at","type":"timestamptz(3)"},{"name":"updated_at","type":"timestamp(3)"},{"name":"referrer_id","type":"uuid"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"}]}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"exchange_rates"},"table":{"schema":"audit","key":["currency","day"],"missingSettings":"refuse","truncate":"record","names":{"table":"exchange_rates_audit"},"columns":[{"name":"currency","type":"char(3)"},{"name":"day","type":"date"},{"name":"rate","type":"numeric(18,8)"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"}]}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"order"},"table":{"schema":"audit","key":["id"],"missingSettings":"refuse","truncate":"record","names":{"table":"order_audit"},"columns":[{"name":"id","type":"bigint"},{"name":"customer_id","type":"uuid"},{"name":"channel","type":"text","isEnum":true},{"name":"placed_at","type":"timestamptz(3)"},{"name":"paid","type":"boolean"},{"name":"total","type":"numeric(12,2)"},{"name":"exact","type":"numeric(65,30)"},{"name":"note","type":"text"},{"name":"client_ip","type":"inet"},{"name":"deliver_at","type":"time(3)"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"},{"name":"ticket","settingType":"Int","type":"integer","required":false,"column":"audit_ticket"}]}}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"order_lines"},"table":{"schema":"audit","key":["order_id","line_no"],"missingSettings":"refuse","truncate":"record","names":{"table":"order_lines_audit"},"columns":[{"name":"order_id","type":"bigint"},{"name":"line_no","type":"smallint"},{"name":"product_id","type":"integer"},{"name":"quantity","type":"integer"},{"name":"price","type":"numeric(10,2)"}],"settings":[{"name":"username","settingType":"String","type":"text","required":true,"column":"audit_username"},{"name":"reason","settingType":"String","type":"text","required":false,"column":"audit_reason"},{"name":"request_id","settingType":"Uuid","type":"uuid","required":false,"column":"audit_request_id"}]}}

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

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
  -- An erasure: the role that owns its function and can do nothing but be called by it.
  IF TG_OP = 'UPDATE' AND EXISTS (
    SELECT FROM pg_catalog.pg_proc AS f
    JOIN pg_catalog.pg_roles AS r ON r.oid = f.proowner
    JOIN pg_catalog.pg_class AS t ON t.oid = TG_RELID
    WHERE f.oid = pg_catalog.to_regprocedure('"audit"."erase"(jsonb, text, text)')
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

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Category"

CALL "audit"."require_source"(
  '"public"."Category"',
  ARRAY['slug', 'title', 'position', 'parent_slug']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."Category_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "slug" varchar(80),
  "title" text,
  "position" smallint,
  "parent_slug" varchar(80),
  CONSTRAINT "Category_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Category_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'slug', 'title', 'position', 'parent_slug')
      AND NOT a.attisdropped
  ) < 7 THEN
    ALTER TABLE "audit"."Category_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "slug" varchar(80),
      ADD COLUMN IF NOT EXISTS "title" text,
      ADD COLUMN IF NOT EXISTS "position" smallint,
      ADD COLUMN IF NOT EXISTS "parent_slug" varchar(80);
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."Category_audit" IS 'History of "public"."Category"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."Category_audit_key"') IS NULL THEN
    CREATE INDEX "Category_audit_key"
      ON "audit"."Category_audit" ("slug", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."Category_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."Category_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."Category_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."Category_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Category_audit_capture"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Category_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "slug",
    "title",
    "position",
    "parent_slug"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Category"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."slug",
    changed."title",
    changed."position",
    changed."parent_slug"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Category_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Category_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "slug",
    "title",
    "position",
    "parent_slug"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Category"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    OLD."slug",
    OLD."title",
    OLD."position",
    OLD."parent_slug";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Category_audit_truncate"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
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
  INSERT INTO "audit"."Category_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "slug",
    "title",
    "position",
    "parent_slug"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Category"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."slug",
    changed."title",
    changed."position",
    changed."parent_slug"
  FROM ONLY "public"."Category" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."Category_audit_capture"()',
    '"audit"."Category_audit_key"()',
    '"audit"."Category_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."Category"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."Category_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."Category"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Category_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."Category_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."Category"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Category_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."Category_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."Category"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Category_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."Category_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."Category"
      FOR EACH ROW WHEN (
        OLD."slug"::text COLLATE "C" IS DISTINCT FROM NEW."slug"::text COLLATE "C"
      )
      EXECUTE FUNCTION "audit"."Category_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."Category_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."Category"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Category_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Parcel"

CALL "audit"."require_source"(
  '"public"."Parcel"',
  ARRAY['barcode', 'order_id', 'grams', 'carrier_oid', 'insured', 'length', 'flags', 'route', 'label', 'pickup_at', 'sent_at', 'scans', 'weights', 'checkpoints', 'signatures', 'events', 'handlers', 'codes', 'answers']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."Parcel_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "barcode" varchar(64),
  "order_id" bigint,
  "grams" integer,
  "carrier_oid" oid,
  "insured" money,
  "length" double precision,
  "flags" bit(8),
  "route" varbit(64),
  "label" xml,
  "pickup_at" timetz(3),
  "sent_at" timestamp(6),
  "scans" timestamptz(3)[],
  "weights" numeric(8, 3)[],
  "checkpoints" bigint[],
  "signatures" bytea[],
  "events" jsonb[],
  "handlers" uuid[],
  "codes" double precision[],
  "answers" boolean[],
  CONSTRAINT "Parcel_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Parcel_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'barcode', 'order_id', 'grams', 'carrier_oid', 'insured', 'length', 'flags', 'route', 'label', 'pickup_at', 'sent_at', 'scans', 'weights', 'checkpoints', 'signatures', 'events', 'handlers', 'codes', 'answers')
      AND NOT a.attisdropped
  ) < 22 THEN
    ALTER TABLE "audit"."Parcel_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "barcode" varchar(64),
      ADD COLUMN IF NOT EXISTS "order_id" bigint,
      ADD COLUMN IF NOT EXISTS "grams" integer,
      ADD COLUMN IF NOT EXISTS "carrier_oid" oid,
      ADD COLUMN IF NOT EXISTS "insured" money,
      ADD COLUMN IF NOT EXISTS "length" double precision,
      ADD COLUMN IF NOT EXISTS "flags" bit(8),
      ADD COLUMN IF NOT EXISTS "route" varbit(64),
      ADD COLUMN IF NOT EXISTS "label" xml,
      ADD COLUMN IF NOT EXISTS "pickup_at" timetz(3),
      ADD COLUMN IF NOT EXISTS "sent_at" timestamp(6),
      ADD COLUMN IF NOT EXISTS "scans" timestamptz(3)[],
      ADD COLUMN IF NOT EXISTS "weights" numeric(8, 3)[],
      ADD COLUMN IF NOT EXISTS "checkpoints" bigint[],
      ADD COLUMN IF NOT EXISTS "signatures" bytea[],
      ADD COLUMN IF NOT EXISTS "events" jsonb[],
      ADD COLUMN IF NOT EXISTS "handlers" uuid[],
      ADD COLUMN IF NOT EXISTS "codes" double precision[],
      ADD COLUMN IF NOT EXISTS "answers" boolean[];
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."Parcel_audit" IS 'History of "public"."Parcel"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."Parcel_audit_key"') IS NULL THEN
    CREATE INDEX "Parcel_audit_key"
      ON "audit"."Parcel_audit" ("barcode", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."Parcel_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."Parcel_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."Parcel_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."Parcel_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Parcel_audit_capture"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Parcel_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "barcode",
    "order_id",
    "grams",
    "carrier_oid",
    "insured",
    "length",
    "flags",
    "route",
    "label",
    "pickup_at",
    "sent_at",
    "scans",
    "weights",
    "checkpoints",
    "signatures",
    "events",
    "handlers",
    "codes",
    "answers"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Parcel"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."barcode",
    changed."order_id",
    changed."grams",
    changed."carrier_oid",
    changed."insured",
    changed."length",
    changed."flags",
    changed."route",
    changed."label",
    changed."pickup_at",
    changed."sent_at",
    changed."scans",
    changed."weights",
    changed."checkpoints",
    changed."signatures",
    changed."events",
    changed."handlers",
    changed."codes",
    changed."answers"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Parcel_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Parcel_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "barcode",
    "order_id",
    "grams",
    "carrier_oid",
    "insured",
    "length",
    "flags",
    "route",
    "label",
    "pickup_at",
    "sent_at",
    "scans",
    "weights",
    "checkpoints",
    "signatures",
    "events",
    "handlers",
    "codes",
    "answers"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Parcel"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    OLD."barcode",
    OLD."order_id",
    OLD."grams",
    OLD."carrier_oid",
    OLD."insured",
    OLD."length",
    OLD."flags",
    OLD."route",
    OLD."label",
    OLD."pickup_at",
    OLD."sent_at",
    OLD."scans",
    OLD."weights",
    OLD."checkpoints",
    OLD."signatures",
    OLD."events",
    OLD."handlers",
    OLD."codes",
    OLD."answers";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Parcel_audit_truncate"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
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
  INSERT INTO "audit"."Parcel_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "barcode",
    "order_id",
    "grams",
    "carrier_oid",
    "insured",
    "length",
    "flags",
    "route",
    "label",
    "pickup_at",
    "sent_at",
    "scans",
    "weights",
    "checkpoints",
    "signatures",
    "events",
    "handlers",
    "codes",
    "answers"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Parcel"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."barcode",
    changed."order_id",
    changed."grams",
    changed."carrier_oid",
    changed."insured",
    changed."length",
    changed."flags",
    changed."route",
    changed."label",
    changed."pickup_at",
    changed."sent_at",
    changed."scans",
    changed."weights",
    changed."checkpoints",
    changed."signatures",
    changed."events",
    changed."handlers",
    changed."codes",
    changed."answers"
  FROM ONLY "public"."Parcel" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."Parcel_audit_capture"()',
    '"audit"."Parcel_audit_key"()',
    '"audit"."Parcel_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."Parcel"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."Parcel_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."Parcel"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Parcel_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."Parcel_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."Parcel"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Parcel_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."Parcel_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."Parcel"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Parcel_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."Parcel_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."Parcel"
      FOR EACH ROW WHEN (
        OLD."barcode"::text COLLATE "C" IS DISTINCT FROM NEW."barcode"::text COLLATE "C"
      )
      EXECUTE FUNCTION "audit"."Parcel_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."Parcel_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."Parcel"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Parcel_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Payment"

CALL "audit"."require_source"(
  '"public"."Payment"',
  ARRAY['id', 'order_id', 'method', 'amount', 'received_at', 'response']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."Payment_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "id" uuid,
  "order_id" bigint,
  "method" text,
  "amount" numeric(12, 2),
  "received_at" timestamptz(3),
  "response" jsonb,
  CONSTRAINT "Payment_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Payment_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'id', 'order_id', 'method', 'amount', 'received_at', 'response')
      AND NOT a.attisdropped
  ) < 9 THEN
    ALTER TABLE "audit"."Payment_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "id" uuid,
      ADD COLUMN IF NOT EXISTS "order_id" bigint,
      ADD COLUMN IF NOT EXISTS "method" text,
      ADD COLUMN IF NOT EXISTS "amount" numeric(12, 2),
      ADD COLUMN IF NOT EXISTS "received_at" timestamptz(3),
      ADD COLUMN IF NOT EXISTS "response" jsonb;
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."Payment_audit" IS 'History of "public"."Payment"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."Payment_audit_key"') IS NULL THEN
    CREATE INDEX "Payment_audit_key"
      ON "audit"."Payment_audit" ("id", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."Payment_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."Payment_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."Payment_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."Payment_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Payment_audit_capture"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Payment_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "order_id",
    "method",
    "amount",
    "received_at",
    "response"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Payment"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."id",
    changed."order_id",
    changed."method"::text,
    changed."amount",
    changed."received_at",
    changed."response"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Payment_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Payment_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "order_id",
    "method",
    "amount",
    "received_at",
    "response"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Payment"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    OLD."id",
    OLD."order_id",
    OLD."method"::text,
    OLD."amount",
    OLD."received_at",
    OLD."response";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Payment_audit_truncate"()
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
    '"audit"."Payment_audit_capture"()',
    '"audit"."Payment_audit_key"()',
    '"audit"."Payment_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."Payment"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."Payment_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."Payment"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Payment_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."Payment_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."Payment"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Payment_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."Payment_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."Payment"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Payment_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."Payment_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."Payment"
      FOR EACH ROW WHEN (
        OLD."id" IS DISTINCT FROM NEW."id"
      )
      EXECUTE FUNCTION "audit"."Payment_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."Payment_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."Payment"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Payment_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Product Catalogue"

CALL "audit"."require_source"(
  '"public"."Product Catalogue"',
  ARRAY['id', 'sku', 'name', 'status', 'price', 'weight kg', 'tags', 'sizes', 'sellableOn', 'details', 'Manual', 'image', 'release_date', 'withdrawn_at']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."Product Catalogue_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "id" integer,
  "sku" varchar(32),
  "name" text,
  "status" text,
  "price" numeric(10, 2),
  "weight kg" real,
  "tags" text[],
  "sizes" integer[],
  "sellableOn" text[],
  "details" jsonb,
  "Manual" json,
  "image" bytea,
  "release_date" date,
  "withdrawn_at" timestamptz(6),
  CONSTRAINT "Product Catalogue_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Product Catalogue_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'id', 'sku', 'name', 'status', 'price', 'weight kg', 'tags', 'sizes', 'sellableOn', 'details', 'Manual', 'image', 'release_date', 'withdrawn_at')
      AND NOT a.attisdropped
  ) < 17 THEN
    ALTER TABLE "audit"."Product Catalogue_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "id" integer,
      ADD COLUMN IF NOT EXISTS "sku" varchar(32),
      ADD COLUMN IF NOT EXISTS "name" text,
      ADD COLUMN IF NOT EXISTS "status" text,
      ADD COLUMN IF NOT EXISTS "price" numeric(10, 2),
      ADD COLUMN IF NOT EXISTS "weight kg" real,
      ADD COLUMN IF NOT EXISTS "tags" text[],
      ADD COLUMN IF NOT EXISTS "sizes" integer[],
      ADD COLUMN IF NOT EXISTS "sellableOn" text[],
      ADD COLUMN IF NOT EXISTS "details" jsonb,
      ADD COLUMN IF NOT EXISTS "Manual" json,
      ADD COLUMN IF NOT EXISTS "image" bytea,
      ADD COLUMN IF NOT EXISTS "release_date" date,
      ADD COLUMN IF NOT EXISTS "withdrawn_at" timestamptz(6);
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."Product Catalogue_audit" IS 'History of "public"."Product Catalogue"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."Product Catalogue_audit_key"') IS NULL THEN
    CREATE INDEX "Product Catalogue_audit_key"
      ON "audit"."Product Catalogue_audit" ("id", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."Product Catalogue_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."Product Catalogue_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."Product Catalogue_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."Product Catalogue_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Product Catalogue_audit_capture"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Product Catalogue_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "sku",
    "name",
    "status",
    "price",
    "weight kg",
    "tags",
    "sizes",
    "sellableOn",
    "details",
    "Manual",
    "image",
    "release_date",
    "withdrawn_at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Product Catalogue"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."id",
    changed."sku",
    changed."name",
    changed."status"::text,
    changed."price",
    changed."weight kg",
    changed."tags",
    changed."sizes",
    changed."sellableOn"::text[],
    changed."details",
    changed."Manual",
    changed."image",
    changed."release_date",
    changed."withdrawn_at"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Product Catalogue_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Product Catalogue_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "sku",
    "name",
    "status",
    "price",
    "weight kg",
    "tags",
    "sizes",
    "sellableOn",
    "details",
    "Manual",
    "image",
    "release_date",
    "withdrawn_at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Product Catalogue"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    OLD."id",
    OLD."sku",
    OLD."name",
    OLD."status"::text,
    OLD."price",
    OLD."weight kg",
    OLD."tags",
    OLD."sizes",
    OLD."sellableOn"::text[],
    OLD."details",
    OLD."Manual",
    OLD."image",
    OLD."release_date",
    OLD."withdrawn_at";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Product Catalogue_audit_truncate"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
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
  INSERT INTO "audit"."Product Catalogue_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "sku",
    "name",
    "status",
    "price",
    "weight kg",
    "tags",
    "sizes",
    "sellableOn",
    "details",
    "Manual",
    "image",
    "release_date",
    "withdrawn_at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Product Catalogue"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."id",
    changed."sku",
    changed."name",
    changed."status"::text,
    changed."price",
    changed."weight kg",
    changed."tags",
    changed."sizes",
    changed."sellableOn"::text[],
    changed."details",
    changed."Manual",
    changed."image",
    changed."release_date",
    changed."withdrawn_at"
  FROM ONLY "public"."Product Catalogue" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."Product Catalogue_audit_capture"()',
    '"audit"."Product Catalogue_audit_key"()',
    '"audit"."Product Catalogue_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."Product Catalogue"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."Product Catalogue_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."Product Catalogue"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Product Catalogue_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."Product Catalogue_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."Product Catalogue"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Product Catalogue_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."Product Catalogue_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."Product Catalogue"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Product Catalogue_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."Product Catalogue_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."Product Catalogue"
      FOR EACH ROW WHEN (
        OLD."id" IS DISTINCT FROM NEW."id"
      )
      EXECUTE FUNCTION "audit"."Product Catalogue_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."Product Catalogue_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."Product Catalogue"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Product Catalogue_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Review"

CALL "audit"."require_source"(
  '"public"."Review"',
  ARRAY['id', 'customer_id', 'product_id', 'stars', 'text', 'created_at']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."Review_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "id" integer,
  "customer_id" uuid,
  "product_id" integer,
  "stars" smallint,
  "text" text,
  "created_at" timestamp(3),
  CONSTRAINT "Review_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Review_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'id', 'customer_id', 'product_id', 'stars', 'text', 'created_at')
      AND NOT a.attisdropped
  ) < 9 THEN
    ALTER TABLE "audit"."Review_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "id" integer,
      ADD COLUMN IF NOT EXISTS "customer_id" uuid,
      ADD COLUMN IF NOT EXISTS "product_id" integer,
      ADD COLUMN IF NOT EXISTS "stars" smallint,
      ADD COLUMN IF NOT EXISTS "text" text,
      ADD COLUMN IF NOT EXISTS "created_at" timestamp(3);
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."Review_audit" IS 'History of "public"."Review"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."Review_audit_key"') IS NULL THEN
    CREATE INDEX "Review_audit_key"
      ON "audit"."Review_audit" ("id", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."Review_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."Review_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."Review_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."Review_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Review_audit_capture"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Review_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "customer_id",
    "product_id",
    "stars",
    "text",
    "created_at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Review"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."id",
    changed."customer_id",
    changed."product_id",
    changed."stars",
    changed."text",
    changed."created_at"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Review_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."Review_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "customer_id",
    "product_id",
    "stars",
    "text",
    "created_at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Review"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    OLD."id",
    OLD."customer_id",
    OLD."product_id",
    OLD."stars",
    OLD."text",
    OLD."created_at";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Review_audit_truncate"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
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
  INSERT INTO "audit"."Review_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "customer_id",
    "product_id",
    "stars",
    "text",
    "created_at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Review"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."id",
    changed."customer_id",
    changed."product_id",
    changed."stars",
    changed."text",
    changed."created_at"
  FROM ONLY "public"."Review" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."Review_audit_capture"()',
    '"audit"."Review_audit_key"()',
    '"audit"."Review_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."Review"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."Review_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."Review"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Review_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."Review_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."Review"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Review_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."Review_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."Review"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Review_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."Review_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."Review"
      FOR EACH ROW WHEN (
        OLD."id" IS DISTINCT FROM NEW."id"
      )
      EXECUTE FUNCTION "audit"."Review_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."Review_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."Review"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Review_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."StockMovement"

CALL "audit"."require_source"(
  '"public"."StockMovement"',
  ARRAY['id', 'productId', 'delta', 'user', 'at']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."StockMovement_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "id" bigint,
  "productId" integer,
  "delta" integer,
  "user" varchar(80),
  "at" timestamptz(6),
  CONSTRAINT "StockMovement_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."StockMovement_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'id', 'productId', 'delta', 'user', 'at')
      AND NOT a.attisdropped
  ) < 8 THEN
    ALTER TABLE "audit"."StockMovement_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "id" bigint,
      ADD COLUMN IF NOT EXISTS "productId" integer,
      ADD COLUMN IF NOT EXISTS "delta" integer,
      ADD COLUMN IF NOT EXISTS "user" varchar(80),
      ADD COLUMN IF NOT EXISTS "at" timestamptz(6);
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."StockMovement_audit" IS 'History of "public"."StockMovement"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."StockMovement_audit_key"') IS NULL THEN
    CREATE INDEX "StockMovement_audit_key"
      ON "audit"."StockMovement_audit" ("id", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."StockMovement_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."StockMovement_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."StockMovement_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."StockMovement_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."StockMovement_audit_capture"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."StockMovement_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "productId",
    "delta",
    "user",
    "at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."StockMovement"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."id",
    changed."productId",
    changed."delta",
    changed."user",
    changed."at"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."StockMovement_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."StockMovement_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "productId",
    "delta",
    "user",
    "at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."StockMovement"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    OLD."id",
    OLD."productId",
    OLD."delta",
    OLD."user",
    OLD."at";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."StockMovement_audit_truncate"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
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
  INSERT INTO "audit"."StockMovement_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "productId",
    "delta",
    "user",
    "at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."StockMovement"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."id",
    changed."productId",
    changed."delta",
    changed."user",
    changed."at"
  FROM ONLY "public"."StockMovement" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."StockMovement_audit_capture"()',
    '"audit"."StockMovement_audit_key"()',
    '"audit"."StockMovement_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."StockMovement"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."StockMovement_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."StockMovement"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."StockMovement_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."StockMovement_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."StockMovement"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."StockMovement_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."StockMovement_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."StockMovement"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."StockMovement_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."StockMovement_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."StockMovement"
      FOR EACH ROW WHEN (
        OLD."id" IS DISTINCT FROM NEW."id"
      )
      EXECUTE FUNCTION "audit"."StockMovement_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."StockMovement_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."StockMovement"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."StockMovement_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."_CategoryToProduct"

DO $audit$
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    WHERE c.oid = pg_catalog.to_regclass('"public"."_CategoryToProduct"') AND c.relkind = 'p'
  ) THEN
    PERFORM "A", "B" FROM "public"."_CategoryToProduct" WHERE false;
  ELSE
    CALL "audit"."require_source"(
      '"public"."_CategoryToProduct"',
      ARRAY['A', 'B']::text[]
    );
  END IF;
END
$audit$;

CREATE TABLE IF NOT EXISTS "audit"."_CategoryToProduct_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "category_slug" varchar(80),
  "product_id" integer,
  CONSTRAINT "_CategoryToProduct_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."_CategoryToProduct_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'category_slug', 'product_id')
      AND NOT a.attisdropped
  ) < 5 THEN
    ALTER TABLE "audit"."_CategoryToProduct_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "category_slug" varchar(80),
      ADD COLUMN IF NOT EXISTS "product_id" integer;
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."_CategoryToProduct_audit" IS 'History of "public"."_CategoryToProduct"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."_CategoryToProduct_audit_key"') IS NULL THEN
    CREATE INDEX "_CategoryToProduct_audit_key"
      ON "audit"."_CategoryToProduct_audit" ("category_slug", "product_id", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."_CategoryToProduct_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."_CategoryToProduct_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."_CategoryToProduct_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."_CategoryToProduct_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."_CategoryToProduct_audit_capture_row"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO "audit"."_CategoryToProduct_audit" (
      "audit_operation",
      "audit_operation_timestamp",
      "audit_transaction_timestamp",
      "audit_current_user",
      "audit_transaction_id",
      "audit_username",
      "audit_reason",
      "audit_request_id",
      "category_slug",
      "product_id"
    )
    VALUES (
      "audit_operation",
      "audit_operation_timestamp",
      now(),
      "audit_current_user",
      pg_current_xact_id()::text::bigint,
      coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."_CategoryToProduct"')),
      "audit_reason",
      nullif(current_setting('audit.request_id', true), '')::uuid,
      OLD."A",
      OLD."B"
    );
    RETURN NULL;
  END IF;
  INSERT INTO "audit"."_CategoryToProduct_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "category_slug",
    "product_id"
  )
  VALUES (
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    pg_current_xact_id()::text::bigint,
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."_CategoryToProduct"')),
    "audit_reason",
    nullif(current_setting('audit.request_id', true), '')::uuid,
    NEW."A",
    NEW."B"
  );
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."_CategoryToProduct_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  -- Only under a deferrable constraint can another row have this key already.
  IF EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = TG_RELID AND i.indisunique AND NOT i.indimmediate) THEN
    IF EXISTS (SELECT FROM "public"."_CategoryToProduct" AS held WHERE held."A" = OLD."A" AND held."A"::text COLLATE "C" = OLD."A"::text COLLATE "C" AND held."B" = OLD."B") THEN
      RETURN NULL;
    END IF;
  END IF;
  INSERT INTO "audit"."_CategoryToProduct_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "category_slug",
    "product_id"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."_CategoryToProduct"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    OLD."A",
    OLD."B";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."_CategoryToProduct_audit_truncate"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
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
  INSERT INTO "audit"."_CategoryToProduct_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "category_slug",
    "product_id"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."_CategoryToProduct"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."A",
    changed."B"
  FROM "public"."_CategoryToProduct" AS changed
  WHERE changed.tableoid = TG_RELID OR (SELECT c.relkind = 'p' FROM pg_class AS c WHERE c.oid = TG_RELID);
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."_CategoryToProduct_audit_capture_row"()',
    '"audit"."_CategoryToProduct_audit_key"()',
    '"audit"."_CategoryToProduct_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."_CategoryToProduct"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."_CategoryToProduct_audit_capture_row"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."_CategoryToProduct"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."_CategoryToProduct_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."_CategoryToProduct_audit_capture_row"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."_CategoryToProduct"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."_CategoryToProduct_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."_CategoryToProduct_audit_capture_row"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."_CategoryToProduct"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."_CategoryToProduct_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."_CategoryToProduct_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."_CategoryToProduct"
      FOR EACH ROW WHEN (
        OLD."A"::text COLLATE "C" IS DISTINCT FROM NEW."A"::text COLLATE "C"
          OR OLD."B" IS DISTINCT FROM NEW."B"
      )
      EXECUTE FUNCTION "audit"."_CategoryToProduct_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."_CategoryToProduct_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."_CategoryToProduct"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."_CategoryToProduct_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."customer_addresses"

CALL "audit"."require_source"(
  '"public"."customer_addresses"',
  ARRAY['customer_id', 'label', 'lines', 'postcode', 'is default']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."customer_addresses_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "customer_id" uuid,
  "label" varchar(40),
  "lines" text[],
  "postcode" varchar(12),
  "is default" boolean,
  CONSTRAINT "customer_addresses_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."customer_addresses_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'customer_id', 'label', 'lines', 'postcode', 'is default')
      AND NOT a.attisdropped
  ) < 8 THEN
    ALTER TABLE "audit"."customer_addresses_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "customer_id" uuid,
      ADD COLUMN IF NOT EXISTS "label" varchar(40),
      ADD COLUMN IF NOT EXISTS "lines" text[],
      ADD COLUMN IF NOT EXISTS "postcode" varchar(12),
      ADD COLUMN IF NOT EXISTS "is default" boolean;
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."customer_addresses_audit" IS 'History of "public"."customer_addresses"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."customer_addresses_audit_key"') IS NULL THEN
    CREATE INDEX "customer_addresses_audit_key"
      ON "audit"."customer_addresses_audit" ("customer_id", "label", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."customer_addresses_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."customer_addresses_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."customer_addresses_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."customer_addresses_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."customer_addresses_audit_capture"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."customer_addresses_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "customer_id",
    "label",
    "lines",
    "postcode",
    "is default"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."customer_addresses"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."customer_id",
    changed."label",
    changed."lines",
    changed."postcode",
    changed."is default"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."customer_addresses_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."customer_addresses_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "customer_id",
    "label",
    "lines",
    "postcode",
    "is default"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."customer_addresses"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    OLD."customer_id",
    OLD."label",
    OLD."lines",
    OLD."postcode",
    OLD."is default";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."customer_addresses_audit_truncate"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
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
  INSERT INTO "audit"."customer_addresses_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "customer_id",
    "label",
    "lines",
    "postcode",
    "is default"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."customer_addresses"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."customer_id",
    changed."label",
    changed."lines",
    changed."postcode",
    changed."is default"
  FROM ONLY "public"."customer_addresses" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."customer_addresses_audit_capture"()',
    '"audit"."customer_addresses_audit_key"()',
    '"audit"."customer_addresses_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."customer_addresses"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."customer_addresses_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."customer_addresses"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."customer_addresses_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."customer_addresses_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."customer_addresses"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."customer_addresses_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."customer_addresses_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."customer_addresses"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."customer_addresses_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."customer_addresses_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."customer_addresses"
      FOR EACH ROW WHEN (
        OLD."customer_id" IS DISTINCT FROM NEW."customer_id"
          OR OLD."label"::text COLLATE "C" IS DISTINCT FROM NEW."label"::text COLLATE "C"
      )
      EXECUTE FUNCTION "audit"."customer_addresses_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."customer_addresses_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."customer_addresses"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."customer_addresses_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."customers"

CALL "audit"."require_source"(
  '"public"."customers"',
  ARRAY['id', 'email', 'name', 'country_code', 'credit_limit', 'points', 'lifetime_cents', 'rating', 'newsletter', 'channels', 'birthday', 'preferences', 'public_key', 'created_at', 'updated_at', 'referrer_id']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."customers_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "id" uuid,
  "email" varchar(320),
  "name" text,
  "country_code" char(2),
  "credit_limit" numeric(14, 4),
  "points" integer,
  "lifetime_cents" bigint,
  "rating" double precision,
  "newsletter" boolean,
  "channels" text[],
  "birthday" date,
  "preferences" jsonb,
  "public_key" bytea,
  "created_at" timestamptz(3),
  "updated_at" timestamp(3),
  "referrer_id" uuid,
  CONSTRAINT "customers_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."customers_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'id', 'email', 'name', 'country_code', 'credit_limit', 'points', 'lifetime_cents', 'rating', 'newsletter', 'channels', 'birthday', 'preferences', 'public_key', 'created_at', 'updated_at', 'referrer_id')
      AND NOT a.attisdropped
  ) < 19 THEN
    ALTER TABLE "audit"."customers_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "id" uuid,
      ADD COLUMN IF NOT EXISTS "email" varchar(320),
      ADD COLUMN IF NOT EXISTS "name" text,
      ADD COLUMN IF NOT EXISTS "country_code" char(2),
      ADD COLUMN IF NOT EXISTS "credit_limit" numeric(14, 4),
      ADD COLUMN IF NOT EXISTS "points" integer,
      ADD COLUMN IF NOT EXISTS "lifetime_cents" bigint,
      ADD COLUMN IF NOT EXISTS "rating" double precision,
      ADD COLUMN IF NOT EXISTS "newsletter" boolean,
      ADD COLUMN IF NOT EXISTS "channels" text[],
      ADD COLUMN IF NOT EXISTS "birthday" date,
      ADD COLUMN IF NOT EXISTS "preferences" jsonb,
      ADD COLUMN IF NOT EXISTS "public_key" bytea,
      ADD COLUMN IF NOT EXISTS "created_at" timestamptz(3),
      ADD COLUMN IF NOT EXISTS "updated_at" timestamp(3),
      ADD COLUMN IF NOT EXISTS "referrer_id" uuid;
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."customers_audit" IS 'History of "public"."customers"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."customers_audit_key"') IS NULL THEN
    CREATE INDEX "customers_audit_key"
      ON "audit"."customers_audit" ("id", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."customers_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."customers_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."customers_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."customers_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."customers_audit_capture"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."customers_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "email",
    "name",
    "country_code",
    "credit_limit",
    "points",
    "lifetime_cents",
    "rating",
    "newsletter",
    "channels",
    "birthday",
    "preferences",
    "public_key",
    "created_at",
    "updated_at",
    "referrer_id"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."customers"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."id",
    changed."email",
    changed."name",
    changed."country_code",
    changed."credit_limit",
    changed."points",
    changed."lifetime_cents",
    changed."rating",
    changed."newsletter",
    changed."channels"::text[],
    changed."birthday",
    changed."preferences",
    changed."public_key",
    changed."created_at",
    changed."updated_at",
    changed."referrer_id"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."customers_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."customers_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "email",
    "name",
    "country_code",
    "credit_limit",
    "points",
    "lifetime_cents",
    "rating",
    "newsletter",
    "channels",
    "birthday",
    "preferences",
    "public_key",
    "created_at",
    "updated_at",
    "referrer_id"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."customers"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    OLD."id",
    OLD."email",
    OLD."name",
    OLD."country_code",
    OLD."credit_limit",
    OLD."points",
    OLD."lifetime_cents",
    OLD."rating",
    OLD."newsletter",
    OLD."channels"::text[],
    OLD."birthday",
    OLD."preferences",
    OLD."public_key",
    OLD."created_at",
    OLD."updated_at",
    OLD."referrer_id";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."customers_audit_truncate"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
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
  INSERT INTO "audit"."customers_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "id",
    "email",
    "name",
    "country_code",
    "credit_limit",
    "points",
    "lifetime_cents",
    "rating",
    "newsletter",
    "channels",
    "birthday",
    "preferences",
    "public_key",
    "created_at",
    "updated_at",
    "referrer_id"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."customers"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."id",
    changed."email",
    changed."name",
    changed."country_code",
    changed."credit_limit",
    changed."points",
    changed."lifetime_cents",
    changed."rating",
    changed."newsletter",
    changed."channels"::text[],
    changed."birthday",
    changed."preferences",
    changed."public_key",
    changed."created_at",
    changed."updated_at",
    changed."referrer_id"
  FROM ONLY "public"."customers" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."customers_audit_capture"()',
    '"audit"."customers_audit_key"()',
    '"audit"."customers_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."customers"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."customers_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."customers"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."customers_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."customers_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."customers"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."customers_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."customers_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."customers"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."customers_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."customers_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."customers"
      FOR EACH ROW WHEN (
        OLD."id" IS DISTINCT FROM NEW."id"
      )
      EXECUTE FUNCTION "audit"."customers_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."customers_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."customers"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."customers_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."exchange_rates"

CALL "audit"."require_source"(
  '"public"."exchange_rates"',
  ARRAY['currency', 'day', 'rate']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."exchange_rates_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "currency" char(3),
  "day" date,
  "rate" numeric(18, 8),
  CONSTRAINT "exchange_rates_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."exchange_rates_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'currency', 'day', 'rate')
      AND NOT a.attisdropped
  ) < 6 THEN
    ALTER TABLE "audit"."exchange_rates_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "currency" char(3),
      ADD COLUMN IF NOT EXISTS "day" date,
      ADD COLUMN IF NOT EXISTS "rate" numeric(18, 8);
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."exchange_rates_audit" IS 'History of "public"."exchange_rates"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."exchange_rates_audit_key"') IS NULL THEN
    CREATE INDEX "exchange_rates_audit_key"
      ON "audit"."exchange_rates_audit" ("currency", "day", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."exchange_rates_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."exchange_rates_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."exchange_rates_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."exchange_rates_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."exchange_rates_audit_capture"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."exchange_rates_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "currency",
    "day",
    "rate"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."exchange_rates"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."currency",
    changed."day",
    changed."rate"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."exchange_rates_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."exchange_rates_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "currency",
    "day",
    "rate"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."exchange_rates"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    OLD."currency",
    OLD."day",
    OLD."rate";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."exchange_rates_audit_truncate"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
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
  INSERT INTO "audit"."exchange_rates_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "currency",
    "day",
    "rate"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."exchange_rates"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."currency",
    changed."day",
    changed."rate"
  FROM ONLY "public"."exchange_rates" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."exchange_rates_audit_capture"()',
    '"audit"."exchange_rates_audit_key"()',
    '"audit"."exchange_rates_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."exchange_rates"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."exchange_rates_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."exchange_rates"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."exchange_rates_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."exchange_rates_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."exchange_rates"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."exchange_rates_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."exchange_rates_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."exchange_rates"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."exchange_rates_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."exchange_rates_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."exchange_rates"
      FOR EACH ROW WHEN (
        OLD."currency"::text COLLATE "C" IS DISTINCT FROM NEW."currency"::text COLLATE "C"
          OR OLD."day" IS DISTINCT FROM NEW."day"
      )
      EXECUTE FUNCTION "audit"."exchange_rates_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."exchange_rates_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."exchange_rates"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."exchange_rates_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."order"

CALL "audit"."require_source"(
  '"public"."order"',
  ARRAY['id', 'customer_id', 'channel', 'placed_at', 'paid', 'total', 'exact', 'note', 'client_ip', 'deliver_at']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."order_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "audit_ticket" integer,
  "id" bigint,
  "customer_id" uuid,
  "channel" text,
  "placed_at" timestamptz(3),
  "paid" boolean,
  "total" numeric(12, 2),
  "exact" numeric(65, 30),
  "note" text,
  "client_ip" inet,
  "deliver_at" time(3),
  CONSTRAINT "order_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."order_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'audit_ticket', 'id', 'customer_id', 'channel', 'placed_at', 'paid', 'total', 'exact', 'note', 'client_ip', 'deliver_at')
      AND NOT a.attisdropped
  ) < 14 THEN
    ALTER TABLE "audit"."order_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "audit_ticket" integer,
      ADD COLUMN IF NOT EXISTS "id" bigint,
      ADD COLUMN IF NOT EXISTS "customer_id" uuid,
      ADD COLUMN IF NOT EXISTS "channel" text,
      ADD COLUMN IF NOT EXISTS "placed_at" timestamptz(3),
      ADD COLUMN IF NOT EXISTS "paid" boolean,
      ADD COLUMN IF NOT EXISTS "total" numeric(12, 2),
      ADD COLUMN IF NOT EXISTS "exact" numeric(65, 30),
      ADD COLUMN IF NOT EXISTS "note" text,
      ADD COLUMN IF NOT EXISTS "client_ip" inet,
      ADD COLUMN IF NOT EXISTS "deliver_at" time(3);
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."order_audit" IS 'History of "public"."order"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."order_audit_key"') IS NULL THEN
    CREATE INDEX "order_audit_key"
      ON "audit"."order_audit" ("id", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."order_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."order_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."order_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."order_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."order_audit_capture"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."order_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "audit_ticket",
    "id",
    "customer_id",
    "channel",
    "placed_at",
    "paid",
    "total",
    "exact",
    "note",
    "client_ip",
    "deliver_at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."order"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    (SELECT nullif(current_setting('audit.ticket', true), '')::integer),
    changed."id",
    changed."customer_id",
    changed."channel"::text,
    changed."placed_at",
    changed."paid",
    changed."total",
    changed."exact",
    changed."note",
    changed."client_ip",
    changed."deliver_at"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."order_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."order_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "audit_ticket",
    "id",
    "customer_id",
    "channel",
    "placed_at",
    "paid",
    "total",
    "exact",
    "note",
    "client_ip",
    "deliver_at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."order"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    (SELECT nullif(current_setting('audit.ticket', true), '')::integer),
    OLD."id",
    OLD."customer_id",
    OLD."channel"::text,
    OLD."placed_at",
    OLD."paid",
    OLD."total",
    OLD."exact",
    OLD."note",
    OLD."client_ip",
    OLD."deliver_at";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."order_audit_truncate"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
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
  INSERT INTO "audit"."order_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "audit_ticket",
    "id",
    "customer_id",
    "channel",
    "placed_at",
    "paid",
    "total",
    "exact",
    "note",
    "client_ip",
    "deliver_at"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."order"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    (SELECT nullif(current_setting('audit.ticket', true), '')::integer),
    changed."id",
    changed."customer_id",
    changed."channel"::text,
    changed."placed_at",
    changed."paid",
    changed."total",
    changed."exact",
    changed."note",
    changed."client_ip",
    changed."deliver_at"
  FROM ONLY "public"."order" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."order_audit_capture"()',
    '"audit"."order_audit_key"()',
    '"audit"."order_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."order"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."order_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."order"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."order_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."order_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."order"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."order_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."order_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."order"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."order_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."order_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."order"
      FOR EACH ROW WHEN (
        OLD."id" IS DISTINCT FROM NEW."id"
      )
      EXECUTE FUNCTION "audit"."order_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."order_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."order"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."order_audit_truncate"();
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."order_lines"

CALL "audit"."require_source"(
  '"public"."order_lines"',
  ARRAY['order_id', 'line_no', 'product_id', 'quantity', 'price']::text[]
);

CREATE TABLE IF NOT EXISTS "audit"."order_lines_audit" (
  "audit_id" bigint GENERATED ALWAYS AS IDENTITY,
  "audit_operation" char(1) NOT NULL,
  "audit_operation_timestamp" timestamptz NOT NULL,
  "audit_transaction_timestamp" timestamptz NOT NULL,
  "audit_current_user" text NOT NULL,
  "audit_transaction_id" bigint NOT NULL,
  "audit_username" text,
  "audit_reason" text,
  "audit_request_id" uuid,
  "order_id" bigint,
  "line_no" smallint,
  "product_id" integer,
  "quantity" integer,
  "price" numeric(10, 2),
  CONSTRAINT "order_lines_audit_pkey" PRIMARY KEY ("audit_id"),
  CONSTRAINT "audit_operation_known" CHECK ("audit_operation" IN ('I', 'U', 'D', 'B')),
  CONSTRAINT "audit_username_required" CHECK ("audit_username" IS NOT NULL)
);

-- A table that was there before gets the columns that it lacks.
DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."order_lines_audit"'::regclass
      AND a.attname IN ('audit_username', 'audit_reason', 'audit_request_id', 'order_id', 'line_no', 'product_id', 'quantity', 'price')
      AND NOT a.attisdropped
  ) < 8 THEN
    ALTER TABLE "audit"."order_lines_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_reason" text,
      ADD COLUMN IF NOT EXISTS "audit_request_id" uuid,
      ADD COLUMN IF NOT EXISTS "order_id" bigint,
      ADD COLUMN IF NOT EXISTS "line_no" smallint,
      ADD COLUMN IF NOT EXISTS "product_id" integer,
      ADD COLUMN IF NOT EXISTS "quantity" integer,
      ADD COLUMN IF NOT EXISTS "price" numeric(10, 2);
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."order_lines_audit" IS 'History of "public"."order_lines"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"audit"."order_lines_audit_key"') IS NULL THEN
    CREATE INDEX "order_lines_audit_key"
      ON "audit"."order_lines_audit" ("order_id", "line_no", "audit_id");
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."order_lines_audit"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."order_lines_audit"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."order_lines_audit" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."order_lines_audit"'::regclass], '{}');
  END IF;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."order_lines_audit_capture"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."order_lines_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "order_id",
    "line_no",
    "product_id",
    "quantity",
    "price"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."order_lines"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."order_id",
    changed."line_no",
    changed."product_id",
    changed."quantity",
    changed."price"
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."order_lines_audit_key"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
BEGIN
  INSERT INTO "audit"."order_lines_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "order_id",
    "line_no",
    "product_id",
    "quantity",
    "price"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."order_lines"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    OLD."order_id",
    OLD."line_no",
    OLD."product_id",
    OLD."quantity",
    OLD."price";
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."order_lines_audit_truncate"()
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
  "audit_reason" CONSTANT text := nullif(current_setting('audit.reason', true), '');
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
  INSERT INTO "audit"."order_lines_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_reason",
    "audit_request_id",
    "order_id",
    "line_no",
    "product_id",
    "quantity",
    "price"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."order_lines"')),
    "audit_reason",
    (SELECT nullif(current_setting('audit.request_id', true), '')::uuid),
    changed."order_id",
    changed."line_no",
    changed."product_id",
    changed."quantity",
    changed."price"
  FROM ONLY "public"."order_lines" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."order_lines_audit_capture"()',
    '"audit"."order_lines_audit_key"()',
    '"audit"."order_lines_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."order_lines"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."order_lines_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."order_lines"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."order_lines_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."order_lines_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."order_lines"
      REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."order_lines_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."order_lines_audit_capture"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."order_lines"
      REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."order_lines_audit_capture"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."order_lines_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."order_lines"
      FOR EACH ROW WHEN (
        OLD."order_id" IS DISTINCT FROM NEW."order_id"
          OR OLD."line_no" IS DISTINCT FROM NEW."line_no"
      )
      EXECUTE FUNCTION "audit"."order_lines_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."order_lines_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."order_lines"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."order_lines_audit_truncate"();
  END IF;
END
$audit$;
