import { expect, test, vi } from 'vitest'
import { installedProject } from './migrate/wrapped-project.ts'
import { found, statusOf } from './status/read-status.ts'

vi.setConfig({ testTimeout: 240_000 })

const order = (flags: string) => `/// @audit(${flags})
model Order {
  id    Int    @id
  label String
}
`
const item = `/// @audit(enabled)
model Item {
  id Int @id
}
`
const live = `/// @audit(enabled)
model Tag {
  id Int @id
}
`
const tables = `CREATE TABLE "Order" ("id" INTEGER NOT NULL, "label" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Item" ("id" INTEGER NOT NULL, CONSTRAINT "Item_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Tag" ("id" INTEGER NOT NULL, CONSTRAINT "Tag_pkey" PRIMARY KEY ("id"));
`

test('a history that is written no more is held to what keeps it as it is, and install mends that', async () => {
  const wrapped = await installedProject(order('enabled, partitionBy: month') + item + live, tables)
  const { database, audit } = wrapped
  await database.query(`BEGIN; SELECT set_config('audit.username', 'ann', true);
    INSERT INTO "Order" VALUES (1, 'one'); INSERT INTO "Item" VALUES (1); DELETE FROM "Item"; COMMIT`)
  await wrapped.models(order('disabled') + live)
  expect(await audit(['migrate', 'dev', '--name', 'retire'])).toMatchObject({ exitCode: 0 })
  const retired = await statusOf(wrapped)
  expect([retired.exitCode, found(retired)]).toEqual([0, []])
  expect(retired.retired.map(({ name }) => name)).toEqual(['Item_audit', 'Order_audit'])

  await database.query(`ALTER TABLE audit."Item_audit" DISABLE TRIGGER append_only, ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, SET UNLOGGED;
    GRANT INSERT, DELETE ON audit."Item_audit" TO PUBLIC; GRANT UPDATE (id) ON audit."Item_audit" TO PUBLIC;
    GRANT USAGE ON SEQUENCE audit."Item_audit_audit_id_seq" TO PUBLIC;
    CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit."Order_audit" FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION audit.append_only();
    ALTER TABLE audit."Order_audit" ENABLE ALWAYS TRIGGER append_only;
    ALTER TABLE audit."Order_audit" DROP COLUMN label;
    ALTER TABLE audit."Order_audit_default" DISABLE TRIGGER append_only; GRANT SELECT ON audit."Order_audit_default" TO PUBLIC`)
  const expected = [
    'disabled: trigger "append_only" on "audit"."Item_audit" is disabled',
    'disabled: trigger "append_only" on partition "audit"."Order_audit_default" is disabled',
    'missing: column "label" of table "audit"."Order_audit" is not there',
    'tampered: columns of table "audit"."Item_audit" may be changed by others than its owner: PUBLIC: UPDATE (id)',
    'tampered: partition "audit"."Order_audit_default" is open to others than its owner, past the rights and policies of its history: PUBLIC: SELECT',
    'tampered: sequence of table "audit"."Item_audit" may be moved by others than its owner: PUBLIC: USAGE',
    'tampered: table "audit"."Item_audit" has row level security forced on its owner, who writes it: writes may fail',
    'tampered: table "audit"."Item_audit" is UNLOGGED: a crash of the server empties it',
    'tampered: table "audit"."Item_audit" may be changed by others than its owner: PUBLIC: DELETE, INSERT',
    expect.stringMatching(
      /^tampered: trigger "append_only" on "audit"\."Order_audit" is as no migration made it: .* WHEN \(false\)/,
    ),
  ]
  const touched = await statusOf(wrapped)
  expect([touched.exitCode, found(touched).toSorted()]).toEqual([1, expected])
  // What a person has to decide is left: a column whose values are gone, a table that a crash may have emptied.
  expect(await audit(['install'])).toMatchObject({ exitCode: 1, stderr: '' })
  expect(found(await statusOf(wrapped))).toEqual([
    'tampered: table "audit"."Item_audit" is UNLOGGED: a crash of the server empties it',
    'missing: column "label" of table "audit"."Order_audit" is not there',
  ])
  await expect(database.query('DELETE FROM audit."Order_audit"')).rejects.toThrow('append-only')
  await expect(database.query('DELETE FROM audit."Item_audit"')).rejects.toThrow('append-only')

  // Who of two should be the owner, only a person knows.
  const role = `retired_${Date.now()}`
  const [{ owner = '' } = {}] = await database.query<{ owner: string }>('SELECT current_user AS owner')
  await database.query(`CREATE ROLE ${role}; ALTER TABLE audit."Item_audit" OWNER TO ${role}, SET LOGGED`)
  try {
    const left = [
      `tampered: table "audit"."Item_audit" belongs to ${role}, and others to ${owner}`,
      'missing: column "label" of table "audit"."Order_audit" is not there',
    ]
    expect(found(await statusOf(wrapped))).toEqual(left)
    expect(await audit(['install'])).toMatchObject({ exitCode: 1 })
    expect(found(await statusOf(wrapped))).toEqual(left)
  } finally {
    await database.query(
      `REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`,
    )
  }
})
