import type { RoleSetup } from './role-setup.ts'
import { dollarQuoted, literal, type Sql, sql } from './sql.ts'

/** Settings of the transaction: what `returnOwner` has to undo. */
const BORROWED = literal('audit_roles.borrowed')
const ROLE_BEFORE = literal('audit_roles.role_before')

export function makeRoles({ owner, application, reader, database }: RoleSetup): Sql {
  const guard =
    database === undefined
      ? sql``
      : sql`IF current_database() <> ${literal(database)} THEN
  RAISE EXCEPTION USING
    ERRCODE = 'invalid_catalog_name',
    MESSAGE = format('this is the database %I, and the roles are to be set up in %I', current_database(), ${literal(database)}),
    HINT = 'Connect to the other one. Nothing was changed.';
END IF;
`
  const body = sql`DECLARE
  wanted text;
BEGIN
  ${guard}FOREACH wanted IN ARRAY ARRAY[${literal(owner)}, ${literal(application)}, ${literal(reader)}] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = wanted) THEN
      EXECUTE format('CREATE ROLE %I LOGIN', wanted);
      RAISE NOTICE 'role % is new: give it a password', quote_ident(wanted);
    END IF;
  END LOOP;
END`
  return sql`-- The roles that are missing. Those that are there stay as they are.
DO ${dollarQuoted(body)};`
}

/** What a role could do to the history, whatever is granted on it. pg_database_owner is not here: ownership is looked at by itself. */
const POWERS: readonly (readonly [condition: Sql, power: string])[] = [
  [sql`r.rolsuper`, 'SUPERUSER'],
  [sql`r.rolcreaterole`, 'CREATEROLE'],
  [sql`r.rolreplication`, 'REPLICATION'],
  [sql`r.rolbypassrls`, 'BYPASSRLS'],
]

const PREDEFINED = [
  'pg_read_all_data',
  'pg_write_all_data',
  'pg_read_server_files',
  'pg_write_server_files',
  'pg_execute_server_program',
] as const

/** Ends the script where a role that is there already makes the set-up worthless. */
export function refuseUnfitRoles({ owner, application, reader }: RoleSetup): Sql {
  const whens = POWERS.map(([condition, power]) => sql`WHEN ${condition} THEN ${literal(power)}`)
  const predefined = PREDEFINED.reduce((text, name) => sql`${text}, ${literal(name)}`, literal(owner))
  const body = sql`DECLARE
  unfit record;
BEGIN
  SELECT given.rolname AS role, through.rolname AS through, through.power
  INTO unfit
  FROM pg_roles AS given
  JOIN (
    SELECT
      r.oid,
      r.rolname,
      CASE
        ${whens.reduce(
          (text, each) => sql`${text}
${each}`,
        )}
      END AS power
    FROM pg_roles AS r
  ) AS through ON pg_has_role(given.oid, through.oid, 'MEMBER')
  WHERE given.rolname IN (${literal(application)}, ${literal(reader)})
    AND (
      through.power IS NOT NULL
      OR through.rolname IN (${predefined})
      OR through.rolname IN (${literal(application)}, ${literal(reader)}) AND through.oid <> given.oid
    )
  -- A superuser is a member of every role: that is said first.
  ORDER BY through.oid <> given.oid, through.power, given.rolname, through.rolname
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_role_specification',
      MESSAGE = CASE
        WHEN unfit.role = unfit.through THEN format(
          'role %I has %s, so no right that it lacks would keep it from the history', unfit.role, unfit.power
        )
        ELSE format(
          'role %I is a member of %I%s, so it could take rights that it must not have',
          unfit.role, unfit.through, ', which has ' || unfit.power
        )
      END,
      HINT = CASE
        WHEN unfit.role = unfit.through THEN format('ALTER ROLE %I NO%s, or name another role.', unfit.role, unfit.power)
        ELSE format('REVOKE the membership from %I, or name another role.', unfit.role)
      END || ' Nothing was changed.';
  END IF;
END`
  return sql`-- No set-up holds against a role that has such powers.
DO ${dollarQuoted(body)};`
}

/** Since PostgreSQL 16 who makes a role may grant it, to himself too, and is no member by that alone. */
export function borrowOwner({ owner }: Pick<RoleSetup, 'owner'>): Sql {
  const role = literal(owner)
  const body = sql`DECLARE
  before CONSTANT text := current_setting('role');
BEGIN
  PERFORM set_config(${ROLE_BEFORE}, before, true), set_config(${BORROWED}, '', true);
  BEGIN
    PERFORM set_config('role', ${role}, true);
    PERFORM set_config('role', before, true);
  EXCEPTION WHEN insufficient_privilege THEN
    BEGIN
      EXECUTE format('GRANT %I TO %I', ${role}, current_user);
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE EXCEPTION USING
        ERRCODE = 'insufficient_privilege',
        MESSAGE = format('%I is no member of %I, and may not make itself one', current_user, ${role}),
        HINT = format(
          'Run this as a superuser, or have whoever administers that role run: GRANT %I TO %I. Nothing was changed.',
          ${role}, current_user
        );
    END;
    PERFORM set_config(${BORROWED}, 'yes', true);
  END;
END`
  return sql`-- Whoever runs this is a member of the owner role until the end, to hand things over.
DO ${dollarQuoted(body)};`
}

export function returnOwner({ owner }: Pick<RoleSetup, 'owner'>): Sql {
  const body = sql`BEGIN
  PERFORM set_config('role', current_setting(${ROLE_BEFORE}), true);
  IF current_setting(${BORROWED}) = 'yes' THEN
    EXECUTE format('REVOKE %I FROM %I', ${literal(owner)}, current_user);
  END IF;
END`
  return sql`-- In the own name again, and no member any more of what was none before.
DO ${dollarQuoted(body)};`
}
