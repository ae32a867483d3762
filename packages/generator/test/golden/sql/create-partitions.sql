-- prisma-generator-audit v1 from=280c9438c66e78db text=8ed4842f951ece3b
-- {"kind":"createSchema","name":"audit","sqlVersion":1}
-- {"kind":"createAuditTable","source":{"schema":"public","name":"Order"},"table":{"schema":"audit","key":["id"],"missingSettings":"refuse","truncate":"record","partitionBy":"quarter","names":{"table":"Order_audit"},"columns":[{"name":"id","type":"integer"},{"name":"note","type":"varchar(20)"},{"name":"status","type":"text","isEnum":true}],"settings":[{"name":"username","column":"audit_username","settingType":"String","type":"text","required":true},{"name":"app_uuid","column":"audit_app_uuid","settingType":"Uuid","type":"uuid","required":false}]}}

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

-- Histories are partitioned by time.

CREATE OR REPLACE PROCEDURE "audit"."prepare_partitions"(history regclass, unit text)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET "TimeZone" = 'UTC'
  SET "DateStyle" = 'ISO, YMD'
AS $audit$
DECLARE
  step CONSTANT interval := (CASE unit WHEN 'month' THEN '1 month' WHEN 'quarter' THEN '3 months' WHEN 'year' THEN '1 year' END)::interval;
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + patience::interval;
  last_row timestamptz;
  users text;
BEGIN
  IF step IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('a history is partitioned by month, quarter, year, and not by "%s"', unit);
  END IF;
  IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = history AND c.relkind = 'p') OR EXISTS (
    SELECT FROM pg_constraint AS c WHERE c.conrelid = history AND c.conname = 'audit_oldest_partition'
  ) THEN
    RETURN;
  END IF;
  users := (
    SELECT string_agg(DISTINCT u.name, ', ')
    FROM (
      SELECT 'trigger ' || quote_ident(t.tgname) FROM pg_trigger AS t
      WHERE t.tgrelid = history AND NOT t.tgisinternal AND t.tgname <> 'append_only'
      UNION ALL
      SELECT 'table ' || i.inhrelid::regclass FROM pg_inherits AS i WHERE i.inhparent = history
      UNION ALL
      SELECT format('check %I (NO INHERIT)', k.conname) FROM pg_constraint AS k
      WHERE k.conrelid = history AND k.contype = 'c' AND k.connoinherit
      UNION ALL
      SELECT 'foreign key ' || quote_ident(f.conname) || ' of ' || f.conrelid::regclass FROM pg_constraint AS f
      WHERE f.contype = 'f' AND history IN (f.conrelid, f.confrelid)
      UNION ALL
      SELECT CASE WHEN r.ev_class = history THEN 'rule ' || quote_ident(r.rulename) ELSE 'view ' || r.ev_class::regclass END
      FROM pg_depend AS d
      JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
      WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = history
      UNION ALL
      -- These columns are written anew, which PostgreSQL refuses where a view has one.
      SELECT 'view ' || r.ev_class::regclass
      FROM (
        SELECT c.oid, a.attnum
          FROM pg_class AS c
          JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'history' AND a.atttypid = 'regclass'::regtype AND NOT a.attisdropped
          WHERE c.relkind = 'r' AND c.relname IN ('seal', 'audit_seal', 'seal_watermark', 'audit_seal_watermark', 'legal_hold', 'audit_legal_hold', 'pause', 'audit_pause', 'hash_key', 'audit_hash_key') AND c.relowner = (SELECT h.relowner FROM pg_class AS h WHERE h.oid = history)
      ) AS p
      JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = p.oid AND d.refobjsubid = p.attnum
      JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
      UNION ALL
      SELECT 'function ' || d.objid::regprocedure FROM pg_depend AS d
      WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = history
      UNION ALL
      SELECT 'policy ' || quote_ident(p.polname) || ' of ' || p.polrelid::regclass
      FROM pg_depend AS d
      JOIN pg_policy AS p ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
      WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = history AND p.polrelid <> history
      UNION ALL
      SELECT 'publication ' || quote_ident(p.pubname) FROM pg_publication_rel AS r
      JOIN pg_publication AS p ON p.oid = r.prpubid
      WHERE r.prrelid = history AND NOT (
        p.pubviaroot AND pg_has_role(p.pubowner, 'USAGE')
        -- Since PostgreSQL 15.
        AND coalesce(to_jsonb(r) ->> 'prattrs', to_jsonb(r) ->> 'prqual') IS NULL
      )
    ) AS u (name)
  );
  IF users IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'dependent_objects_still_exist',
      MESSAGE = format('%s cannot be partitioned as long as it is used by %s', history, users),
      HINT = 'Drop what is named here, partition the history, and make it again: it would see no row that comes. A publication needs publish_via_partition_root = true, all columns and rows, and the role that migrates as its owner.';
  END IF;
  -- A wrong clock may have dated one: the partition has to hold it, too.
  EXECUTE format('SELECT max(h.%I) FROM %s AS h', 'audit_operation_timestamp', history) INTO last_row;
  LOOP
    BEGIN
      NULL;
      PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
      EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', history);
      PERFORM pg_catalog.set_config('lock_timeout', patience, true);
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF patience <> '0' AND pg_catalog.clock_timestamp() > deadline THEN
        RAISE;
      END IF;
      PERFORM pg_catalog.pg_sleep(0.1);
    END;
  END LOOP;
  -- At least one whole month is left, or what the unit is, for the transaction that makes a partition of it.
  EXECUTE format(
    'ALTER TABLE %s ADD CONSTRAINT %I CHECK (%I < %L) NOT VALID',
    history, 'audit_oldest_partition', 'audit_operation_timestamp', date_trunc(unit, greatest(last_row, clock_timestamp())) + 2 * step
  );
END
$audit$;

CREATE OR REPLACE PROCEDURE "audit"."make_partition"(history regclass, ending text, bounds text)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET "TimeZone" = 'UTC'
  SET "DateStyle" = 'ISO, YMD'
AS $audit$
DECLARE
  place text;
  title text;
  owner text;
  part regclass;
  item record;
BEGIN
  SELECT n.nspname::text, c.relname::text, pg_get_userbyid(c.relowner)::text INTO place, title, owner
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = history;
  title := (
    SELECT n.name
    FROM (
      SELECT g.number, e.text, 63 - octet_length(e.text) AS room
      FROM generate_series(1, 1000) AS g (number)
      CROSS JOIN LATERAL (SELECT ending || CASE WHEN g.number > 1 THEN '_' || g.number ELSE '' END) AS e (text)
    ) AS e
    CROSS JOIN LATERAL (
      SELECT CASE WHEN octet_length(title) <= e.room THEN title ELSE (
        SELECT left(title, l.length) || '_' || left(md5(title), 8)
        FROM generate_series(1, 63) AS l (length)
        WHERE octet_length(left(title, l.length)) <= e.room - 9
        ORDER BY l.length DESC
        LIMIT 1
      ) END || e.text
    ) AS n (name)
    WHERE NOT EXISTS (
      SELECT FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace WHERE s.nspname = place AND c.relname = n.name
    )
    ORDER BY e.number
    LIMIT 1
  );
  EXECUTE (
    SELECT format('CREATE TABLE %I.%I (%s)%s', place, title, string_agg(
      CASE WHEN a.attisdropped THEN format('%I integer', a.attname) ELSE format(
        '%I %s%s%s%s',
        a.attname,
        format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation END,
        CASE a.attgenerated
          WHEN '' THEN ' DEFAULT ' || d.text
          ELSE format(' GENERATED ALWAYS AS (%s) %s', d.text, CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END)
        END,
        CASE WHEN a.attnotnull THEN ' NOT NULL' END
      ) END,
      ', ' ORDER BY a.attnum
    ), '')
    FROM pg_attribute AS a
    LEFT JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN LATERAL (
      SELECT pg_get_expr(e.adbin, e.adrelid) FROM pg_attrdef AS e WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum
    ) AS d (text) ON true
    WHERE a.attrelid = history AND a.attnum > 0
  );
  FOR item IN
    SELECT format('ALTER TABLE %I.%I DROP COLUMN %I', place, title, a.attname) AS command
    FROM pg_attribute AS a
    WHERE a.attrelid = history AND a.attnum > 0 AND a.attisdropped
    UNION ALL
    SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', place, title, c.conname, pg_get_constraintdef(c.oid))
    FROM pg_constraint AS c
    WHERE c.conrelid = history AND c.contype = 'c' AND c.conname <> 'audit_oldest_partition'
  LOOP
    EXECUTE item.command;
  END LOOP;
  part := to_regclass(format('%I.%I', place, title));
  EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (%I)', part, 'audit_id');
  EXECUTE format('CREATE TRIGGER "append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"()', part);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER "append_only"', part);
  IF owner <> current_user THEN
    EXECUTE format('ALTER TABLE %s OWNER TO %I', part, owner);
  END IF;
  CALL "audit"."keep_private"(ARRAY[part], '{}');
  EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s %s', history, part, bounds);
END
$audit$;

CREATE OR REPLACE PROCEDURE "audit"."partition_history"(history regclass, unit text)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET "TimeZone" = 'UTC'
  SET "DateStyle" = 'ISO, YMD'
AS $audit$
DECLARE
  step CONSTANT interval := (CASE unit WHEN 'month' THEN '1 month' WHEN 'quarter' THEN '3 months' WHEN 'year' THEN '1 year' END)::interval;
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + patience::interval;
  -- The history by its OID: the oldest partition keeps that of the table that it was.
  root regclass := history;
  place text;
  base text;
  owner text;
  kind "char";
  rest regclass;
  part regclass;
  title text;
  numbers text;
  bound timestamptz;
  reached timestamptz;
  first_row timestamptz;
  last_row timestamptz;
  last_id bigint;
  is_called boolean;
  is_taken boolean;
  is_alone boolean;
  was_alone boolean;
  users text;
  pointers text[];
  indexes text[];
  policies text[];
  item record;
BEGIN
  IF step IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('a history is partitioned by month, quarter, year, and not by "%s"', unit);
  END IF;
  SELECT n.nspname::text, c.relname::text, pg_get_userbyid(c.relowner)::text, c.relkind INTO place, base, owner, kind
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = 'append_only' AND t.tgfoid = '"audit"."append_only"()'::regprocedure
  WHERE c.oid = history AND NOT c.relispartition;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING
      ERRCODE = 'wrong_object_type',
      MESSAGE = format('%s is no history', history),
      HINT = 'It takes the audit table itself, not one of its partitions.';
  END IF;
  IF kind = 'r' THEN
    pointers := ARRAY(
      SELECT p.oid::regclass::text FROM (
      SELECT c.oid, a.attnum
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'history' AND a.atttypid = 'regclass'::regtype AND NOT a.attisdropped
        WHERE c.relkind = 'r' AND c.relname IN ('seal', 'audit_seal', 'seal_watermark', 'audit_seal_watermark', 'legal_hold', 'audit_legal_hold', 'pause', 'audit_pause', 'hash_key', 'audit_hash_key') AND c.relowner = (SELECT h.relowner FROM pg_class AS h WHERE h.oid = history)
      ) AS p ORDER BY p.oid
    );
    LOOP
      BEGIN
        NULL;
        PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', array_to_string(pointers || history::text, ', '));
        PERFORM pg_catalog.set_config('lock_timeout', patience, true);
        EXIT;
      EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
        IF patience <> '0' AND pg_catalog.clock_timestamp() > deadline THEN
          RAISE;
        END IF;
        PERFORM pg_catalog.pg_sleep(0.1);
      END;
    END LOOP;
    -- Another run may have been at it until now: then it is the oldest partition already.
    root := coalesce((SELECT i.inhparent FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relispartition WHERE c.oid = history), history);
    IF root = history THEN
      users := (
        SELECT string_agg(DISTINCT u.name, ', ')
        FROM (
          SELECT 'trigger ' || quote_ident(t.tgname) FROM pg_trigger AS t
          WHERE t.tgrelid = history AND NOT t.tgisinternal AND t.tgname <> 'append_only'
          UNION ALL
          SELECT 'table ' || i.inhrelid::regclass FROM pg_inherits AS i WHERE i.inhparent = history
          UNION ALL
          SELECT format('check %I (NO INHERIT)', k.conname) FROM pg_constraint AS k
          WHERE k.conrelid = history AND k.contype = 'c' AND k.connoinherit
          UNION ALL
          SELECT 'foreign key ' || quote_ident(f.conname) || ' of ' || f.conrelid::regclass FROM pg_constraint AS f
          WHERE f.contype = 'f' AND history IN (f.conrelid, f.confrelid)
          UNION ALL
          SELECT CASE WHEN r.ev_class = history THEN 'rule ' || quote_ident(r.rulename) ELSE 'view ' || r.ev_class::regclass END
          FROM pg_depend AS d
          JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
          WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = history
          UNION ALL
          -- These columns are written anew, which PostgreSQL refuses where a view has one.
          SELECT 'view ' || r.ev_class::regclass
          FROM (
            SELECT c.oid, a.attnum
              FROM pg_class AS c
              JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'history' AND a.atttypid = 'regclass'::regtype AND NOT a.attisdropped
              WHERE c.relkind = 'r' AND c.relname IN ('seal', 'audit_seal', 'seal_watermark', 'audit_seal_watermark', 'legal_hold', 'audit_legal_hold', 'pause', 'audit_pause', 'hash_key', 'audit_hash_key') AND c.relowner = (SELECT h.relowner FROM pg_class AS h WHERE h.oid = history)
          ) AS p
          JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = p.oid AND d.refobjsubid = p.attnum
          JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
          UNION ALL
          SELECT 'function ' || d.objid::regprocedure FROM pg_depend AS d
          WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = history
          UNION ALL
          SELECT 'policy ' || quote_ident(p.polname) || ' of ' || p.polrelid::regclass
          FROM pg_depend AS d
          JOIN pg_policy AS p ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
          WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = history AND p.polrelid <> history
          UNION ALL
          SELECT 'publication ' || quote_ident(p.pubname) FROM pg_publication_rel AS r
          JOIN pg_publication AS p ON p.oid = r.prpubid
          WHERE r.prrelid = history AND NOT (
            p.pubviaroot AND pg_has_role(p.pubowner, 'USAGE')
            -- Since PostgreSQL 15.
            AND coalesce(to_jsonb(r) ->> 'prattrs', to_jsonb(r) ->> 'prqual') IS NULL
          )
        ) AS u (name)
      );
      IF users IS NOT NULL THEN
        RAISE EXCEPTION USING
          ERRCODE = 'dependent_objects_still_exist',
          MESSAGE = format('%s cannot be partitioned as long as it is used by %s', history, users),
          HINT = 'Drop what is named here, partition the history, and make it again: it would see no row that comes. A publication needs publish_via_partition_root = true, all columns and rows, and the role that migrates as its owner.';
      END IF;
      SELECT (regexp_match(pg_get_constraintdef(c.oid), '''([^'']+)'''))[1]::timestamptz INTO bound
      FROM pg_constraint AS c
      WHERE c.conrelid = history AND c.conname = 'audit_oldest_partition';
      IF bound IS NULL THEN
        EXECUTE format('SELECT max(h.%I) FROM %s AS h', 'audit_operation_timestamp', history) INTO last_row;
        bound := date_trunc(unit, greatest(last_row, clock_timestamp())) + step;
      END IF;
      EXECUTE format('SELECT s.last_value, s.is_called FROM %s AS s', pg_get_serial_sequence(history::text, 'audit_id')) INTO last_id, is_called;
      numbers := (SELECT c.relname::text FROM pg_class AS c WHERE c.oid = pg_get_serial_sequence(history::text, 'audit_id')::regclass);
      EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', history, 'audit_id');
      -- Their text has the table's name, where they look into others.
      policies := ARRAY(
        SELECT format(
          'CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s',
          p.polname,
          history,
          CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
          CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
          (SELECT string_agg(CASE r.oid WHEN 0 THEN 'PUBLIC' ELSE r.oid::regrole::text END, ', ') FROM unnest(p.polroles) AS r (oid)),
          ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
          ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
        )
        FROM pg_policy AS p
        WHERE p.polrelid = history
      );
      indexes := ARRAY[]::text[];
      FOR item IN
        SELECT c.relname::text AS name, pg_get_indexdef(c.oid) AS text, format('CREATE INDEX %I ON %s USING ', c.relname, history) AS start
        FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indexrelid
        WHERE i.indrelid = history
      LOOP
        IF starts_with(item.text, item.start) THEN
          indexes := indexes || format('CREATE INDEX %I ON %I.%I USING %s', item.name, place, base, substr(item.text, length(item.start) + 1));
        END IF;
        title := item.name;
        title := (
          SELECT n.name
          FROM (
            SELECT g.number, e.text, 63 - octet_length(e.text) AS room
            FROM generate_series(1, 1000) AS g (number)
            CROSS JOIN LATERAL (SELECT to_char(bound, '"_until_"YYYY_MM') || CASE WHEN g.number > 1 THEN '_' || g.number ELSE '' END) AS e (text)
          ) AS e
          CROSS JOIN LATERAL (
            SELECT CASE WHEN octet_length(title) <= e.room THEN title ELSE (
              SELECT left(title, l.length) || '_' || left(md5(title), 8)
              FROM generate_series(1, 63) AS l (length)
              WHERE octet_length(left(title, l.length)) <= e.room - 9
              ORDER BY l.length DESC
              LIMIT 1
            ) END || e.text
          ) AS n (name)
          WHERE NOT EXISTS (
            SELECT FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace WHERE s.nspname = place AND c.relname = n.name
          )
          ORDER BY e.number
          LIMIT 1
        );
        EXECUTE format('ALTER INDEX %I.%I RENAME TO %I', place, item.name, title);
      END LOOP;
      title := base;
      title := (
        SELECT n.name
        FROM (
          SELECT g.number, e.text, 63 - octet_length(e.text) AS room
          FROM generate_series(1, 1000) AS g (number)
          CROSS JOIN LATERAL (SELECT to_char(bound, '"_until_"YYYY_MM') || CASE WHEN g.number > 1 THEN '_' || g.number ELSE '' END) AS e (text)
        ) AS e
        CROSS JOIN LATERAL (
          SELECT CASE WHEN octet_length(title) <= e.room THEN title ELSE (
            SELECT left(title, l.length) || '_' || left(md5(title), 8)
            FROM generate_series(1, 63) AS l (length)
            WHERE octet_length(left(title, l.length)) <= e.room - 9
            ORDER BY l.length DESC
            LIMIT 1
          ) END || e.text
        ) AS n (name)
        WHERE NOT EXISTS (
          SELECT FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace WHERE s.nspname = place AND c.relname = n.name
        )
        ORDER BY e.number
        LIMIT 1
      );
      EXECUTE format('ALTER TABLE %s RENAME TO %I', history, title);
      title := base;
      EXECUTE (
        SELECT format('CREATE TABLE %I.%I (%s)%s', place, title, string_agg(
          CASE WHEN a.attisdropped THEN format('%I integer', a.attname) ELSE format(
            '%I %s%s%s%s',
            a.attname,
            format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation END,
            CASE a.attgenerated
              WHEN '' THEN ' DEFAULT ' || d.text
              ELSE format(' GENERATED ALWAYS AS (%s) %s', d.text, CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END)
            END,
            CASE WHEN a.attnotnull THEN ' NOT NULL' END
          ) END,
          ', ' ORDER BY a.attnum
        ), format(' PARTITION BY RANGE (%I)', 'audit_operation_timestamp'))
        FROM pg_attribute AS a
        LEFT JOIN pg_type AS t ON t.oid = a.atttypid
        LEFT JOIN LATERAL (
          SELECT pg_get_expr(e.adbin, e.adrelid) FROM pg_attrdef AS e WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum
        ) AS d (text) ON true
        WHERE a.attrelid = history AND a.attnum > 0
      );
      FOR item IN
        SELECT format('ALTER TABLE %I.%I DROP COLUMN %I', place, title, a.attname) AS command
        FROM pg_attribute AS a
        WHERE a.attrelid = history AND a.attnum > 0 AND a.attisdropped
        UNION ALL
        SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', place, title, c.conname, pg_get_constraintdef(c.oid))
        FROM pg_constraint AS c
        WHERE c.conrelid = history AND c.contype = 'c' AND c.conname <> 'audit_oldest_partition'
      LOOP
        EXECUTE item.command;
      END LOOP;
      root := to_regclass(format('%I.%I', place, base));
      FOR item IN
        SELECT format(
          'ALTER TABLE %s ALTER COLUMN %I ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME %I.%I)', root, 'audit_id', place, numbers
        ) AS command
        UNION ALL
        SELECT i.command FROM unnest(indexes) AS i (command)
        UNION ALL
        SELECT format('COMMENT ON COLUMN %s.%I IS %L', root, a.attname, col_description(history, a.attnum))
        FROM pg_attribute AS a
        WHERE a.attrelid = history AND a.attnum > 0 AND NOT a.attisdropped AND col_description(history, a.attnum) IS NOT NULL
        UNION ALL
        SELECT format('COMMENT ON TABLE %s IS %L', root, obj_description(history, 'pg_class'))
      LOOP
        EXECUTE item.command;
      END LOOP;
      -- As given as they are, and not merely to be given next: what is sealed goes by it.
      PERFORM setval(format('%I.%I', place, numbers)::regclass, last_id, is_called);
      part := root;
      EXECUTE format('CREATE TRIGGER "append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"()', part);
      EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER "append_only"', part);
      IF owner <> current_user THEN
        EXECUTE format('ALTER TABLE %s OWNER TO %I', part, owner);
      END IF;
      CALL "audit"."keep_private"(ARRAY[part], '{}');
      FOR item IN
        SELECT format(
          'GRANT %s%s ON %s TO %s%s',
          g.privilege, g.columns, root, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END,
          CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END
        ) AS command
        FROM (
          SELECT a.grantee, a.privilege_type, '', a.is_grantable
          FROM pg_class AS c
          CROSS JOIN LATERAL aclexplode(c.relacl) AS a
          WHERE c.oid = history AND a.grantee <> c.relowner
          UNION ALL
          SELECT a.grantee, a.privilege_type, format(' (%I)', c.attname), a.is_grantable
          FROM pg_attribute AS c
          CROSS JOIN LATERAL aclexplode(c.attacl) AS a
          WHERE c.attrelid = history AND NOT c.attisdropped
        ) AS g (grantee, privilege, columns, is_grantable)
        UNION ALL
        SELECT p.command FROM unnest(policies) AS p (command)
        UNION ALL
        SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', root) FROM pg_class AS c WHERE c.oid = history AND c.relrowsecurity
        UNION ALL
        SELECT format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', root) FROM pg_class AS c WHERE c.oid = history AND c.relforcerowsecurity
      LOOP
        EXECUTE item.command;
      END LOOP;
      FOR item IN
        SELECT DISTINCT format('REVOKE ALL ON %s FROM %s CASCADE', history, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) AS command
        FROM (
          SELECT c.relowner, c.relacl FROM pg_class AS c WHERE c.oid = history
          UNION ALL
          SELECT c.relowner, r.attacl FROM pg_class AS c JOIN pg_attribute AS r ON r.attrelid = c.oid WHERE c.oid = history
        ) AS c (owned_by, rights)
        CROSS JOIN LATERAL aclexplode(c.rights) AS a
        WHERE a.grantee <> c.owned_by
      LOOP
        EXECUTE item.command;
      END LOOP;
      FOR item IN
        SELECT p.pubname AS name
        FROM pg_publication_rel AS r
        JOIN pg_publication AS p ON p.oid = r.prpubid
        WHERE r.prrelid = history
      LOOP
        EXECUTE format('ALTER PUBLICATION %I DROP TABLE %s', item.name, history);
        EXECUTE format('ALTER PUBLICATION %I ADD TABLE %s', item.name, root);
      END LOOP;
      FOR item IN SELECT p.name FROM unnest(pointers) AS p (name) LOOP
        EXECUTE format(
          'ALTER TABLE %s ALTER COLUMN "history" TYPE regclass USING CASE "history"::oid WHEN %s THEN %s::oid::regclass ELSE "history" END',
          item.name, history::oid, root::oid
        );
      END LOOP;
      EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (MINVALUE) TO (%L)', root, history, bound);
      EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', history, 'audit_oldest_partition');
    END IF;
  END IF;
  rest := (SELECT nullif(p.partdefid, 0)::regclass FROM pg_partitioned_table AS p WHERE p.partrelid = root);
  SELECT max(CASE WHEN b.text LIKE '%TO (MAXVALUE)' THEN 'infinity' ELSE (pg_catalog.regexp_match(b.text, ' TO [(]''([^'']+)''[)]'))[1]::timestamptz END) INTO reached
  FROM pg_inherits AS i
  JOIN pg_class AS c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS text) AS b
  WHERE i.inhparent = root;
  reached := coalesce(reached, date_trunc(unit, clock_timestamp()));
  first_row := NULL;
  IF rest IS NOT NULL THEN
    EXECUTE format('SELECT min(h.%I), max(h.%I) FROM %s AS h', 'audit_operation_timestamp', 'audit_operation_timestamp', rest) INTO first_row, last_row;
  END IF;
  is_alone := coalesce(first_row >= reached AND last_row < date_trunc(unit, clock_timestamp()) + step, false);
  -- Nothing is to be done, so nobody waits.
  IF rest IS NOT NULL AND NOT is_alone AND reached > clock_timestamp() + '12 months'::interval THEN
    RETURN;
  END IF;
  LOOP
    BEGIN
      NULL;
      PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
      EXECUTE format('LOCK TABLE ONLY %s IN %s MODE', root, CASE WHEN is_alone THEN 'ACCESS EXCLUSIVE' ELSE 'SHARE UPDATE EXCLUSIVE' END);
      IF rest IS NOT NULL THEN
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', rest);
      END IF;
      PERFORM pg_catalog.set_config('lock_timeout', patience, true);
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF patience <> '0' AND pg_catalog.clock_timestamp() > deadline THEN
        RAISE;
      END IF;
      PERFORM pg_catalog.pg_sleep(0.1);
    END;
  END LOOP;
  was_alone := is_alone;
  -- Another run may have been at it until now.
  rest := (SELECT nullif(p.partdefid, 0)::regclass FROM pg_partitioned_table AS p WHERE p.partrelid = root);
  SELECT max(CASE WHEN b.text LIKE '%TO (MAXVALUE)' THEN 'infinity' ELSE (pg_catalog.regexp_match(b.text, ' TO [(]''([^'']+)''[)]'))[1]::timestamptz END) INTO reached
  FROM pg_inherits AS i
  JOIN pg_class AS c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS text) AS b
  WHERE i.inhparent = root;
  reached := coalesce(reached, date_trunc(unit, clock_timestamp()));
  first_row := NULL;
  IF rest IS NOT NULL THEN
    EXECUTE format('SELECT min(h.%I), max(h.%I) FROM %s AS h', 'audit_operation_timestamp', 'audit_operation_timestamp', rest) INTO first_row, last_row;
  END IF;
  is_alone := coalesce(first_row >= reached AND last_row < date_trunc(unit, clock_timestamp()) + step, false);
  IF rest IS NULL THEN
    CALL "audit"."make_partition"(root, '_default', 'DEFAULT');
    rest := (SELECT nullif(p.partdefid, 0)::regclass FROM pg_partitioned_table AS p WHERE p.partrelid = root);
  END IF;
  IF was_alone AND is_alone THEN
    bound := date_trunc(unit, greatest(last_row, clock_timestamp())) + step;
    EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', root, rest);
    title := base;
    title := (
      SELECT n.name
      FROM (
        SELECT g.number, e.text, 63 - octet_length(e.text) AS room
        FROM generate_series(1, 1000) AS g (number)
        CROSS JOIN LATERAL (SELECT to_char(bound, '"_until_"YYYY_MM') || CASE WHEN g.number > 1 THEN '_' || g.number ELSE '' END) AS e (text)
      ) AS e
      CROSS JOIN LATERAL (
        SELECT CASE WHEN octet_length(title) <= e.room THEN title ELSE (
          SELECT left(title, l.length) || '_' || left(md5(title), 8)
          FROM generate_series(1, 63) AS l (length)
          WHERE octet_length(left(title, l.length)) <= e.room - 9
          ORDER BY l.length DESC
          LIMIT 1
        ) END || e.text
      ) AS n (name)
      WHERE NOT EXISTS (
        SELECT FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace WHERE s.nspname = place AND c.relname = n.name
      )
      ORDER BY e.number
      LIMIT 1
    );
    EXECUTE format('ALTER TABLE %s RENAME TO %I', rest, title);
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', root, rest, reached, bound);
    CALL "audit"."make_partition"(root, '_default', 'DEFAULT');
    rest := (SELECT nullif(p.partdefid, 0)::regclass FROM pg_partitioned_table AS p WHERE p.partrelid = root);
    reached := bound;
  END IF;
  WHILE reached <= clock_timestamp() + '12 months'::interval LOOP
    bound := date_trunc(unit, greatest(reached, clock_timestamp())) + step;
    -- A row that a wrong clock dated so far ahead stays where it is, and its month has no partition of its own.
    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS h WHERE h.%I >= $1 AND h.%I < $2)', rest, 'audit_operation_timestamp', 'audit_operation_timestamp')
    INTO is_taken USING reached, bound;
    IF NOT is_taken THEN
      CALL "audit"."make_partition"(root, to_char(reached, CASE unit WHEN 'year' THEN '"_"YYYY' WHEN 'quarter' THEN '"_"YYYY"_q"Q' ELSE '"_"YYYY"_"MM' END), format('FOR VALUES FROM (%L) TO (%L)', reached, bound));
    END IF;
    reached := bound;
  END LOOP;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."prepare_partitions"(regclass, text)',
    '"audit"."make_partition"(regclass, text, text)',
    '"audit"."partition_history"(regclass, text)'
  ]::regprocedure[]
);

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Order"

CALL "audit"."require_source"(
  '"public"."Order"',
  ARRAY['id', 'note', 'status']::text[]
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
  "status" text,
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
      AND a.attname IN ('audit_username', 'audit_app_uuid', 'id', 'note', 'status')
      AND NOT a.attisdropped
  ) < 5 THEN
    ALTER TABLE "audit"."Order_audit"
      ADD COLUMN IF NOT EXISTS "audit_username" text,
      ADD COLUMN IF NOT EXISTS "audit_app_uuid" uuid,
      ADD COLUMN IF NOT EXISTS "id" integer,
      ADD COLUMN IF NOT EXISTS "note" varchar(20),
      ADD COLUMN IF NOT EXISTS "status" text;
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

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- Partitions of "audit"."Order_audit", a quarter each

CALL "audit"."partition_history"('"audit"."Order_audit"', 'quarter');
