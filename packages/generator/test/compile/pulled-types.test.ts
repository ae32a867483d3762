import { expect, test } from 'vitest'
import { createPrismaProject } from '../../../../test/support/prisma-project.ts'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { compileProject, schemaOf } from './compile-project.ts'

/** As people write types, and as pg_dump does. */
const TYPES =
  `varchar | varchar(20) | character varying(20) | pg_catalog.varchar | text | char | char(4) | character(4) | bpchar | nchar(3)
  | int | int4 | integer | int2 | smallint | int8 | bigint | float | float(20) | float4 | float8 | real | double precision
  | decimal | decimal(5) | decimal(10, 2) | numeric | numeric(12, 4) | dec(6, 3) | money | boolean | bool
  | timestamp | timestamp(0) | timestamp(3) | timestamp(6) without time zone | timestamptz | timestamptz(3) | timestamp(2) with time zone
  | date | time | time(3) | time with time zone | timetz(2) | json | jsonb | uuid | bytea | inet | bit | bit(4) | bit varying | bit varying(4) | varbit(3)
  | xml | oid | serial | bigserial | smallserial | integer GENERATED ALWAYS AS IDENTITY | mood | app.mood | mail | amount | small | citext | app.citext
  | interval | cidr | macaddr | point | tsvector | int4range | name | "char" | pair | xid | pg_lsn | national character varying(7) | int array | text array[3]`
    .split('|')
    .map((type) => type.trim())
const isAlone = (type: string) => /serial|IDENTITY|array/.test(type)
const columns = TYPES.flatMap((type) => (isAlone(type) ? [type] : [type, `${type}[]`])).map(
  (type, index) => `  c${index} ${type}`,
)
const dump = `
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
CREATE SCHEMA IF NOT EXISTS app;
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA app;
SET search_path = public, app;
CREATE TYPE public.mood AS ENUM ('glad', 'sad');
CREATE TYPE app.mood AS ENUM ('dull');
CREATE TYPE public.pair AS (a integer, b text);
CREATE DOMAIN public.mail AS text;
CREATE DOMAIN public.amount AS numeric(10,2);
CREATE DOMAIN public.small AS amount;
CREATE TABLE public."A" (
  id integer NOT NULL,
${columns.join(',\n')}
);
ALTER TABLE ONLY public."A" ADD CONSTRAINT "A_pkey" PRIMARY KEY (id);
`

test('a schema that was pulled from what a baseline builds has no column of another type', async () => {
  const database = await createDatabase()
  await database.query(dump)
  const project = await createPrismaProject({
    schema: 'datasource db {\n  provider = "postgresql"\n  schemas = ["public", "app"]\n}\n',
    databaseUrl: database.url,
  })
  const { stdout } = await project.prisma(['db', 'pull', '--print'])
  const pulled = stdout.slice(stdout.indexOf('model A'))
  const schema = `${schemaOf('', '["username String?"]').replace('provider = "postgresql"', 'provider = "postgresql"\n  schemas = ["public", "app"]')}/// @audit(enabled)\n${pulled}`
  const compiled = await compileProject(schema, { '20260101000000_baseline': dump })
  expect(compiled.diagnostics.filter(({ code }) => code !== 'AUD504').map(({ message }) => message)).toEqual(
    [],
  )
  await project.cleanup()
  await database.drop()
})
