import { eraseSignature, pruneSignature } from './base-functions.ts'
import { isAuditSchema, isListOutside, isOfExtension, oneOf } from './role-catalog.ts'
import type { RoleSetup } from './role-setup.ts'
import { dollarQuoted, join, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'

/** The database's door, the schemas, and all in them that has an owner: the owner role's. What is so already is not touched. */
export function renderOwnership(setup: RoleSetup): Sql {
  return paragraphs([openDatabase(setup), openSchemas(setup), handOver(setup)])
}

function openDatabase({ owner, application, reader }: RoleSetup): Sql {
  const role = literal(owner)
  const body = sql`BEGIN
  -- Who owns the database may take the schema public, and drop everything.
  IF EXISTS (
    SELECT FROM pg_database AS d
    JOIN pg_roles AS r ON r.oid = d.datdba
    WHERE d.datname = current_database() AND r.rolname = ${literal(application)}
  ) THEN
    EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(), ${role});
  END IF;
  EXECUTE format(
    'GRANT CONNECT ON DATABASE %I TO %I, %I, %I',
    current_database(), ${role}, ${literal(application)}, ${literal(reader)}
  );
  -- Migrations make schemas: that of the audit for one.
  EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), ${role});
END`
  return sql`-- All three come in, and the owner makes schemas.
DO ${dollarQuoted(body)};`
}

/** PostgreSQL gives a table only to a role that may create one in its schema. */
function openSchemas({ owner, application, schemas }: RoleSetup): Sql {
  const role = literal(owner)
  const wanted = [...new Set([...schemas, 'public'])]
  const body = sql`DECLARE
  wanted text;
  existing record;
BEGIN
  FOREACH wanted IN ARRAY ARRAY[${join(wanted.map(literal), sql`, `)}] LOOP
    SELECT n.nspowner::regrole AS owner, r.rolname
    INTO existing
    FROM pg_namespace AS n
    JOIN pg_roles AS r ON r.oid = n.nspowner
    WHERE n.nspname = wanted;
    IF NOT FOUND THEN
      -- Rights on what migrations will make in it need the schema.
      EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', wanted, ${role});
    ELSIF existing.rolname <> ${role} THEN
      IF NOT pg_has_role(current_user, existing.rolname, 'USAGE') THEN
        RAISE EXCEPTION USING
          ERRCODE = 'insufficient_privilege',
          MESSAGE = format('schema %I belongs to %s, and %I has no rights of that role', wanted, existing.owner, current_user),
          HINT = format(
            'Run this as a superuser, or have one run: ALTER SCHEMA %I OWNER TO %I. Nothing was changed.', wanted, current_user
          );
      END IF;
      -- Before PostgreSQL 15 public belongs to whoever made the cluster, since then to the database's owner: it stays there.
      IF wanted <> 'public' OR existing.rolname = ${literal(application)} THEN
        EXECUTE format('ALTER SCHEMA %I OWNER TO %I', wanted, ${role});
      ELSE
        EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', wanted, ${role});
      END IF;
    END IF;
  END LOOP;
END`
  return sql`-- The owner creates in the application's schemas.
DO ${dollarQuoted(body)};`
}

const isBefore17 = sql`current_setting('server_version_num')::integer < 170000`

function handOver({ owner, schemas, home }: RoleSetup): Sql {
  const role = literal(owner)
  const isInside = sql`(${oneOf(sql`n.nspname`, schemas)} OR ${isAuditSchema(home)})`
  const isOthers = (objectOwner: Sql) =>
    sql`${objectOwner} <> (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = ${role})`
  const body = sql`DECLARE
  thing record;
BEGIN
  FOR thing IN
    SELECT 1 AS turn, format('SCHEMA %I', n.nspname) AS name, n.nspowner AS owner
    FROM pg_namespace AS n
    WHERE ${isAuditSchema(home)} AND ${isOthers(sql`n.nspowner`)}
    UNION ALL
    -- Views, sequences and all that is like a table; what belongs to a table follows it.
    SELECT 2, format('TABLE %s', c.oid::regclass), c.relowner
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND (${isInside} OR ${isListOutside(schemas)})
      AND ${isOthers(sql`c.relowner`)}
      AND NOT ${isOfExtension('pg_class', sql`c.oid`)}
      AND NOT (
        c.relkind = 'S' AND EXISTS (
          SELECT FROM pg_depend AS d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
            AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        )
      )
    UNION ALL
    SELECT 3, format('TYPE %s', t.oid::regtype), t.typowner
    FROM pg_type AS t
    JOIN pg_namespace AS n ON n.oid = t.typnamespace
    LEFT JOIN pg_class AS c ON c.oid = t.typrelid
    -- Since PostgreSQL 17 a multirange type follows its range type.
    WHERE (t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c' OR t.typtype = 'm' AND ${isBefore17})
      AND ${isInside}
      AND ${isOthers(sql`t.typowner`)}
      AND NOT ${isOfExtension('pg_type', sql`t.oid`)}
    UNION ALL
    SELECT 4, format('ROUTINE %s', f.oid::regprocedure), f.proowner
    FROM pg_proc AS f
    JOIN pg_namespace AS n ON n.oid = f.pronamespace
    WHERE ${isInside}
      AND ${isOthers(sql`f.proowner`)}
      AND NOT ${isOfExtension('pg_proc', sql`f.oid`)}
      -- The functions of erasures and of prunings have each a role of its own, which no other function belongs to.
      AND f.oid IS DISTINCT FROM to_regprocedure(${literal(sqlText(eraseSignature(home)))})
      AND f.oid IS DISTINCT FROM to_regprocedure(${literal(sqlText(pruneSignature(home)))})
      -- The constructors of a range type follow it.
      AND NOT EXISTS (
        SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'i'
      )
    ORDER BY turn, name
  LOOP
    BEGIN
      EXECUTE format('ALTER %s OWNER TO %I', thing.name, ${role});
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = format('%s cannot be given to %I: %s', thing.name, ${role}, SQLERRM),
        HINT = format(
          'It belongs to %s. Run this as a superuser, or as a member of that role. Nothing was changed.', thing.owner::regrole
        );
    END;
  END LOOP;
END`
  return sql`-- What was made by another role belongs to the owner role from now on.
DO ${dollarQuoted(body)};`
}
