import { expect, it } from 'vitest'
import { compileProject, schemaOf } from '../compile/compile-project.ts'
import { apply, audited } from '../compile/follow-project.ts'

/** Names of 63 bytes that are one name where something is cut off or put behind: the last byte alone tells them apart. */
const FAMILIES = [
  ['in ASCII', 'x'.repeat(62)],
  ['of two bytes a letter', `x${'é'.repeat(30)}x`],
  ['that need quotes', `" ${'o'.repeat(60)}`],
] as const

it.each(FAMILIES)('63-byte names %s that would collide have histories of their own', async (_, stem) => {
  const names = [`${stem}1`, `${stem}2`]
  expect(names.map((name) => Buffer.byteLength(name))).toEqual([63, 63])
  const escaped = names.map((name) => name.replaceAll('"', '\\"'))
  const models = escaped.map(
    (name, at) => `/// @audit(enabled)
      model M${at} {
        id   Int    @id(map: "key_${at}")
        one  String @map("${escaped[0]}")
        two  String @map("${escaped[1]}")
        @@map("${name}")
      }`,
  )
  const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`)
  const [one, two] = quoted
  const init = quoted
    .map(
      (name, at) =>
        `CREATE TABLE ${name} (id INTEGER NOT NULL, ${one} TEXT NOT NULL, ${two} TEXT NOT NULL, CONSTRAINT key_${at} PRIMARY KEY (id));`,
    )
    .join('\n')
  const schema = schemaOf(models.join('\n'), '["username String?"]')
  const folder = await audited(schema, init)
  const compiled = await compileProject(schema, folder)
  expect(compiled.migration).toBeUndefined()

  const database = await apply(folder, {})
  try {
    for (const [at, name] of quoted.entries()) {
      await database.query(
        `INSERT INTO ${name} VALUES (${at}, 'a', 'b'); UPDATE ${name} SET id = id + 10; TRUNCATE ${name}`,
      )
    }
    const tables = await database.query<{ name: string }>(
      `SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r' ORDER BY relname`,
    )
    const histories = await Promise.all(
      tables.map(({ name }) =>
        database.query(
          `SELECT string_agg(audit_operation || id || ${one} || ${two}, ' ' ORDER BY audit_id) AS rows FROM ${name}`,
        ),
      ),
    )
    expect(
      histories
        .flat()
        .map(({ rows }) => rows)
        .toSorted(),
    ).toEqual(['I0ab D0ab U10ab D10ab', 'I1ab D1ab U11ab D11ab'])
  } finally {
    await database.drop()
  }
})
