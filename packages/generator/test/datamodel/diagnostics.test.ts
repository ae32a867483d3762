import internals from '@prisma/internals'
import { expect, test } from 'vitest'
import { scanSchema } from '../../src/annotation/scan-schema.ts'
import { misplacedAnnotations } from '../../src/datamodel/misplaced-annotations.ts'
import { resolveAuditModel } from '../../src/datamodel/resolve-audit-model.ts'
import { renderDiagnostics } from '../../src/diagnostics.ts'
import { auditSchema, DATASOURCE, resolveSchema } from './resolve-schema.ts'

const model = (above: string, fields = 'id Int @id', name = 'Order') =>
  `${above}\nmodel ${name} {\n  ${fields}\n}\n`

async function problems(models: string, options = ''): Promise<string> {
  const { text } = await resolveSchema(auditSchema(models, options))
  return `\n${text}`
}

const audited = model('/// @audit(enabled)')

test('AUD101: an unknown option', async () => {
  expect(
    await problems(audited, '  sesionSettings = ["username String"]\n  colour = "red"'),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:7:3 - error AUD101: The generator has no option "sesionSettings".
        7 |   sesionSettings = ["username String"]
          |   ^^^^^^^^^^^^^^
       Did you mean "sessionSettings"?

    schema.prisma:8:3 - error AUD101: The generator has no option "colour".
        8 |   colour = "red"
          |   ^^^^^^
       Known here: output, sessionSettings, facts, missingSettings, truncate, partitionBy, captureWaiverRole, schema, table, function, trigger, settingColumn, migrations, write, strict, lockTimeout.

    2 errors
    "
  `)
})

test('AUD102: an unknown value', async () => {
  expect(
    await problems(
      audited,
      '  truncate = "maybe"\n  lockTimeout = "fast"\n  strict = "yes"\n  missingSettings = ["record"]\n  schema = "pg_audit"',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:7:14 - error AUD102: Unknown value "maybe".
        7 |   truncate = "maybe"
          |              ^^^^^^^
       Known here: record, refuse.

    schema.prisma:8:17 - error AUD102: "fast" is no duration.
        8 |   lockTimeout = "fast"
          |                 ^^^^^^
       Write it like "500ms", "5s" or "1min".

    schema.prisma:9:12 - error AUD102: Unknown value "yes".
        9 |   strict = "yes"
          |            ^^^^^
       Known here: true, false.

    schema.prisma:10:21 - error AUD102: Unknown value ["record"].
       10 |   missingSettings = ["record"]
          |                     ^^^^^^^^^^
       Did you mean "record"?

    schema.prisma:11:12 - error AUD102: PostgreSQL keeps the schema name "pg_audit" for itself.
       11 |   schema = "pg_audit"
          |            ^^^^^^^^^^
       The default is "audit".

    5 errors
    "
  `)
})

test('AUD103: an unknown placeholder in a template', async () => {
  expect(await problems(audited, '  table = "{tabel}_audit"')).toMatchInlineSnapshot(`
    "
    schema.prisma:7:11 - error AUD103: The table template "{tabel}_audit" has the placeholder {tabel}, which does not exist here.
        7 |   table = "{tabel}_audit"
          |           ^^^^^^^^^^^^^^^
       Did you mean "table"?

    1 error
    "
  `)
})

test('AUD104: a template without a distinguishing placeholder', async () => {
  expect(
    await problems(
      audited,
      '  table = "history"\n  function = "{table}_f"\n  trigger = "audit"\n  settingColumn = "who"',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:7:11 - error AUD104: The table template "history" would give several objects one name.
        7 |   table = "history"
          |           ^^^^^^^^^
       Put {table} or {model} into it, as in "{table}_audit".

    schema.prisma:8:14 - error AUD104: The function template "{table}_f" would give several objects one name.
        8 |   function = "{table}_f"
          |              ^^^^^^^^^^^
       Put {role} into it, as in "{table}_audit_{role}".

    schema.prisma:9:13 - error AUD104: The trigger template "audit" would give several objects one name.
        9 |   trigger = "audit"
          |             ^^^^^^^
       Put {operation} into it, as in "audit_{operation}".

    schema.prisma:10:19 - error AUD104: The settingColumn template "who" would give several objects one name.
       10 |   settingColumn = "who"
          |                   ^^^^^
       Put {setting} into it, as in "audit_{setting}".

    4 errors
    "
  `)
})

test('AUD104: a template of one model without a distinguishing placeholder', async () => {
  expect(
    await problems(model('/// @audit(enabled, table: "orders history", function: "f", trigger: "t")')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:56 - error AUD104: The function template "f" would give several objects one name.
       10 | /// @audit(enabled, table: "orders history", function: "f", trigger: "t")
          |                                                        ^^^
       Put {role} into it, as in "{table}_audit_{role}".

    schema.prisma:10:70 - error AUD104: The trigger template "t" would give several objects one name.
       10 | /// @audit(enabled, table: "orders history", function: "f", trigger: "t")
          |                                                                      ^^^
       Put {operation} into it, as in "audit_{operation}".

    2 errors
    "
  `)
})

test('AUD202, AUD203: an unknown option and an unknown value', async () => {
  expect(
    await problems(model('/// @audit(enabled, trunkate: record, missingSettings: ignore)')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:21 - error AUD202: @audit has no option "trunkate".
       10 | /// @audit(enabled, trunkate: record, missingSettings: ignore)
          |                     ^^^^^^^^
       Did you mean "truncate"?

    schema.prisma:10:56 - error AUD203: The option "missingSettings" does not know "ignore".
       10 | /// @audit(enabled, trunkate: record, missingSettings: ignore)
          |                                                        ^^^^^^
       Known here: refuse, record.

    2 errors
    "
  `)
})

test('AUD204, AUD205: an option twice, and contradictory ones', async () => {
  expect(
    await problems(model('/// @audit(enabled, truncate: record, truncate: refuse, disabled)')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:39 - error AUD204: The option "truncate" is given twice.
       10 | /// @audit(enabled, truncate: record, truncate: refuse, disabled)
          |                                       ^^^^^^^^
       Remove one of the two.

    schema.prisma:10:57 - error AUD205: "disabled" contradicts "enabled" in the same annotation.
       10 | /// @audit(enabled, truncate: record, truncate: refuse, disabled)
          |                                                         ^^^^^^^^
       Keep the one that is meant.

    2 errors
    "
  `)
})

test('AUD206: two annotations on one node', async () => {
  expect(await problems(model('/// @audit(enabled)\n/// @audit(disabled)'))).toMatchInlineSnapshot(`
    "
    schema.prisma:11:5 - error AUD206: A second @audit on one model; the first is in line 10.
       11 | /// @audit(disabled)
          |     ^^^^^^
       Put all options into one annotation.

    1 error
    "
  `)
})

test('AUD207: options on the wrong node', async () => {
  expect(
    await problems(
      model(
        '/// @audit(enabled, exclude)',
        'id Int @id\n  /// @audit(enabled, truncate: refuse)\n  name String',
      ),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:21 - error AUD207: "exclude" does not belong on a model.
       10 | /// @audit(enabled, exclude)
          |                     ^^^^^^^
       Put it above the field that is meant.

    schema.prisma:13:14 - error AUD207: "enabled" does not belong on a field.
       13 |   /// @audit(enabled, truncate: refuse)
          |              ^^^^^^^
       Put it above the model. A field knows: record, exclude, redact, hash, whenChanged, personal, subject, renamedFrom.

    schema.prisma:13:33 - error AUD207: "truncate" does not belong on a field.
       13 |   /// @audit(enabled, truncate: refuse)
          |                                 ^^^^^^
       Put it above the model. A field knows: record, exclude, redact, hash, whenChanged, personal, subject, renamedFrom.

    3 errors
    "
  `)
})

test('AUD208: misspelled', async () => {
  expect(await problems(model('/// @Audit(enabled)'))).toMatchInlineSnapshot(`
    "
    schema.prisma:10:5 - error AUD208: This looks like an annotation but is none.
       10 | /// @Audit(enabled)
          |     ^^^^^^
       It is written in lower case, with one @ and parentheses: /// @audit(enabled)

    1 error
    "
  `)
})

test('AUD209: an annotation that says nothing', async () => {
  expect(
    await problems(model('/// @audit()') + model('/// @audit(truncate: refuse)', 'id Int @id', 'Item')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:5 - error AUD209: This annotation says nothing.
       10 | /// @audit()
          |     ^^^^^^
       Write @audit(enabled) above a model, or @audit(exclude) above a field.

    schema.prisma:14:5 - error AUD209: This annotation says neither "enabled" nor "disabled".
       14 | /// @audit(truncate: refuse)
          |     ^^^^^^
       Begin with the one that is meant: @audit(enabled, …)

    2 errors
    "
  `)
})

test('AUD301: an unknown type of a setting', async () => {
  expect(
    await problems(
      model('/// @audit(enabled, sessionSettings: [user Strng, raw Bytes])'),
      '  sessionSettings = ["app_uuid UUID"]',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:7:32 - error AUD301: The session setting "app_uuid" has the unknown type "UUID".
        7 |   sessionSettings = ["app_uuid UUID"]
          |                                ^^^^
       Known here: String, Int, BigInt, Float, Boolean, DateTime, Decimal, Json.

    schema.prisma:10:44 - error AUD301: The session setting "user" has the unknown type "Strng".
       10 | /// @audit(enabled, sessionSettings: [user Strng, raw Bytes])
          |                                            ^^^^^
       Did you mean "String"?

    schema.prisma:10:55 - error AUD301: The session setting "raw" has the unknown type "Bytes".
       10 | /// @audit(enabled, sessionSettings: [user Strng, raw Bytes])
          |                                                       ^^^^^
       Known here: String, Int, BigInt, Float, Boolean, DateTime, Decimal, Json.

    3 errors
    "
  `)
})

test('AUD302: a native type that does not fit', async () => {
  expect(
    await problems(
      model(
        '/// @audit(enabled, sessionSettings: [a String @db.Uuuid, b Int @db.Uuid, c String @db.Uuid(3)])',
      ),
      '  sessionSettings = ["d String @db.JsonB"]',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:7:32 - error AUD302: "@db.JsonB" is no native type for the session setting "d" of type String.
        7 |   sessionSettings = ["d String @db.JsonB"]
          |                                ^^^^^^^^^
       Known here: Text, VarChar, Char, Uuid, Xml, Inet, Citext, Bit, VarBit.

    schema.prisma:10:48 - error AUD302: "@db.Uuuid" is no native type for the session setting "a" of type String.
       10 | /// @audit(enabled, sessionSettings: [a String @db.Uuuid, b Int @db.Uuid, c String @db.Uuid(3)])
          |                                                ^^^^^^^^^
       Did you mean "Uuid"?

    schema.prisma:10:65 - error AUD302: "@db.Uuid" is no native type for the session setting "b" of type Int.
       10 | /// @audit(enabled, sessionSettings: [a String @db.Uuuid, b Int @db.Uuid, c String @db.Uuid(3)])
          |                                                                 ^^^^^^^^
       Known here: Integer, SmallInt, Oid.

    schema.prisma:10:84 - error AUD302: "@db.Uuid(3)" has arguments that this type does not take.
       10 | /// @audit(enabled, sessionSettings: [a String @db.Uuuid, b Int @db.Uuid, c String @db.Uuid(3)])
          |                                                                                    ^^^^^^^^
       See @db.Uuid in Prisma's reference of PostgreSQL types.

    4 errors
    "
  `)
})

test('AUD303: a setting that is a list', async () => {
  expect(
    await problems(model('/// @audit(enabled, sessionSettings: [roles String[]])')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:45 - error AUD303: The session setting "roles" is a list, and a setting holds one value.
       10 | /// @audit(enabled, sessionSettings: [roles String[]])
          |                                             ^^^^^^
       Declare it as Json to carry several values.

    1 error
    "
  `)
})

test('AUD304: an unknown attribute of a setting', async () => {
  expect(
    await problems(
      model('/// @audit(enabled, sessionSettings: [user String @unique, n Int @default(1) @default(2)])'),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:51 - error AUD304: A session setting does not know the attribute "@unique".
       10 | /// @audit(enabled, sessionSettings: [user String @unique, n Int @default(1) @default(2)])
          |                                                   ^^^^^^^
       Known here: default, db. A setting may carry one @db.… and one @default("…").

    schema.prisma:10:78 - error AUD304: The session setting "n" has two attributes of one kind: "@default" is the second.
       10 | /// @audit(enabled, sessionSettings: [user String @unique, n Int @default(1) @default(2)])
          |                                                                              ^^^^^^^^
       Remove one of the two.

    2 errors
    "
  `)
})

test('AUD305: a default that does not fit', async () => {
  expect(
    await problems(
      model(
        '/// @audit(enabled, sessionSettings: [a Int @default("x"), b String @default(""), c DateTime @default("soon"), d Boolean @default(maybe), e Int @db.SmallInt @default(40000), f String @db.VarChar(2) @default("abc"), g Json @default("{"), h String @db.Uuid @default("x"), i Int @default()])',
      ),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:45 - error AUD305: The default of the session setting "a" is no Int constant.
       10 | nabled, sessionSettings: [a Int @default("x"), b String @default(""), c DateTime @default("soon"
          |                                 ^^^^^^^^
       Write it like @default(1).

    schema.prisma:10:69 - error AUD305: The default of the session setting "b" is no String constant.
       10 |  [a Int @default("x"), b String @default(""), c DateTime @default("soon"), d Boolean @default(ma
          |                                 ^^^^^^^^
       Write it like @default("system").

    schema.prisma:10:94 - error AUD305: The default of the session setting "c" is no DateTime constant.
       10 | String @default(""), c DateTime @default("soon"), d Boolean @default(maybe), e Int @db.SmallInt
          |                                 ^^^^^^^^
       Write it like @default("2026-01-31T12:00:00Z").

    schema.prisma:10:122 - error AUD305: The default of the session setting "d" is no Boolean constant.
       10 | ime @default("soon"), d Boolean @default(maybe), e Int @db.SmallInt @default(40000), f String @d
          |                                 ^^^^^^^^
       Write it like @default(false).

    schema.prisma:10:158 - error AUD305: The default of the session setting "e" is no Int constant.
       10 | ault(maybe), e Int @db.SmallInt @default(40000), f String @db.VarChar(2) @default("abc"), g Json
          |                                 ^^^^^^^^
       Write it like @default(1).

    schema.prisma:10:199 - error AUD305: The default of the session setting "f" is no String constant.
       10 | 40000), f String @db.VarChar(2) @default("abc"), g Json @default("{"), h String @db.Uuid @defaul
          |                                 ^^^^^^^^
       Write it like @default("system").

    schema.prisma:10:223 - error AUD305: The default of the session setting "g" is no Json constant.
       10 | Char(2) @default("abc"), g Json @default("{"), h String @db.Uuid @default("x"), i Int @default()
          |                                 ^^^^^^^^
       Write it like @default("{}").

    schema.prisma:10:256 - error AUD305: The default of the session setting "h" is no Uuid constant.
       10 | default("{"), h String @db.Uuid @default("x"), i Int @default()])
          |                                 ^^^^^^^^
       Write it like @default("00000000-0000-0000-0000-000000000000").

    schema.prisma:10:277 - error AUD305: The default of the session setting "i" needs exactly one value.
       10 | g @db.Uuid @default("x"), i Int @default()])
          |                                 ^^^^^^^^
       Write @default("…") with one constant.

    9 errors
    "
  `)
})

test('AUD306: a setting twice', async () => {
  expect(
    await problems(
      model('/// @audit(enabled, sessionSettings: [user String, user String])'),
      '  sessionSettings = ["a String", "a Int"]',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:7:35 - error AUD306: The session setting "a" is declared twice in one list.
        7 |   sessionSettings = ["a String", "a Int"]
          |                                   ^
       Remove one of the two.

    schema.prisma:10:52 - error AUD306: The session setting "user" is declared twice in one list.
       10 | /// @audit(enabled, sessionSettings: [user String, user String])
          |                                                    ^^^^
       Remove one of the two.

    2 errors
    "
  `)
})

test('AUD307: two settings that differ only in case', async () => {
  expect(
    await problems(
      model('/// @audit(enabled, sessionSettings: [User String])'),
      '  sessionSettings = ["user String"]',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:39 - error AUD307: The session settings "user" and "User" differ only in case, and PostgreSQL holds them for one.
       10 | /// @audit(enabled, sessionSettings: [User String])
          |                                       ^^^^
       Write "user" in both places, or choose another name.

    1 error
    "
  `)
})

test('AUD308: one setting with different types', async () => {
  expect(
    await problems(
      model('/// @audit(enabled, sessionSettings: [user Int])') +
        model('/// @audit(enabled)', 'id Int @id', 'Item'),
      '  sessionSettings = ["user String"]',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:39 - error AUD308: The session setting "user" is Int here and String in schema.prisma:7.
       10 | /// @audit(enabled, sessionSettings: [user Int])
          |                                       ^^^^
       One context serves all models: give the setting one type, or two names.

    1 error
    "
  `)
})

test("AUD309: a setting's column is also a source column", async () => {
  expect(
    await problems(
      model('/// @audit(enabled)', 'id Int @id\n  who String @map("user")'),
      '  sessionSettings = ["user String"]\n  settingColumn = "{setting}"',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:7:23 - error AUD309: The session setting "user" would get the column "user", which is also the column of "Order.who".
        7 |   sessionSettings = ["user String"]
          |                       ^^^^
       Give the setting another name, or change the option settingColumn.

    1 error
    "
  `)
})

test("AUD310: a setting's column is one of the audit table's own", async () => {
  expect(
    await problems(model('/// @audit(enabled)'), '  sessionSettings = ["id String"]'),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:7:23 - error AUD310: The session setting "id" would get the column "audit_id", which every audit table has already.
        7 |   sessionSettings = ["id String"]
          |                       ^^
       Give the setting another name.

    1 error
    "
  `)
})

test('AUD311: a name that no setting can have', async () => {
  expect(
    await problems(
      model('/// @audit(enabled, sessionSettings: [user-name String, _a String])'),
      '  sessionSettings = ["größe Int"]',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:7:23 - error AUD311: "größe" cannot name a session setting.
        7 |   sessionSettings = ["größe Int"]
          |                       ^^^^^
       A name is a letter followed by letters, digits and underscores, without accents.

    schema.prisma:10:39 - error AUD311: "user-name" cannot name a session setting.
       10 | /// @audit(enabled, sessionSettings: [user-name String, _a String])
          |                                       ^^^^^^^^^
       A name is a letter followed by letters, digits and underscores, without accents.

    schema.prisma:10:57 - error AUD311: "_a" cannot name a session setting.
       10 | /// @audit(enabled, sessionSettings: [user-name String, _a String])
          |                                                         ^^
       A name is a letter followed by letters, digits and underscores, without accents.

    3 errors
    "
  `)
})

test('AUD201: settings written as in the generator block', async () => {
  expect(
    await problems(model('/// @audit(enabled, sessionSettings: ["username String"])')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:39 - error AUD201: A session setting needs a name and a type.
       10 | /// @audit(enabled, sessionSettings: ["username String"])
          |                                       ^^^^^^^^^^^^^^^^^
       Write it without quotes here: username String

    1 error
    "
  `)
})

test('AUD403: on an enum and its value', async () => {
  expect(
    await problems(
      '/// @audit(enabled)\nenum Colour {\n  RED /// @audit(exclude)\n}\n' +
        model('/// @audit(enabled)', 'id Int @id\n  colour Colour'),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:5 - error AUD403: An enum has no rows to audit.
       10 | /// @audit(enabled)
          |     ^^^^^^
       Audit the models that use it.

    schema.prisma:12:11 - error AUD403: An enum has no rows to audit.
       12 |   RED /// @audit(exclude)
          |           ^^^^^^
       Audit the models that use it.

    2 errors
    "
  `)
})

test('AUD404: on a generator and inside it', async () => {
  expect(
    await problems(
      '/// @audit(enabled)\ngenerator client {\n  provider = "prisma-client"\n  output = "x" /// @audit(enabled)\n}\n' +
        audited,
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:5 - error AUD404: Only models and their fields can be audited.
       10 | /// @audit(enabled)
          |     ^^^^^^
       The generator's options are written as key = value inside the block.

    schema.prisma:13:20 - error AUD404: Only models and their fields can be audited.
       13 |   output = "x" /// @audit(enabled)
          |                    ^^^^^^
       The generator's options are written as key = value inside the block.

    2 errors
    "
  `)
})

test('AUD405: a blank line after it', async () => {
  expect(await problems(model('/// @audit(enabled)\n'))).toMatchInlineSnapshot(`
    "
    schema.prisma:10:5 - error AUD405: A blank line stands between this annotation and what it should belong to, so Prisma drops it.
       10 | /// @audit(enabled)
          |     ^^^^^^
       Remove the blank line.

    1 error
    "
  `)
})

test('AUD406: in a // comment, and in a block comment', async () => {
  expect(
    await problems(model('// @audit(enabled)') + model('/* @audit(enabled) */', 'id Int @id', 'Item')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:4 - error AUD406: This annotation stands in a // comment, which Prisma drops.
       10 | // @audit(enabled)
          |    ^^^^^^
       Write it with three slashes: /// @audit(…)

    schema.prisma:14:4 - error AUD406: This annotation stands in a /* … */ comment, which not every version of Prisma keeps.
       14 | /* @audit(enabled) */
          |    ^^^^^^
       Write it with three slashes: /// @audit(…)

    2 errors
    "
  `)
})

test('AUD407: after four slashes', async () => {
  expect(await problems(model('//// @audit(enabled)'))).toMatchInlineSnapshot(`
    "
    schema.prisma:10:6 - error AUD407: This annotation stands behind four slashes.
       10 | //// @audit(enabled)
          |      ^^^^^^
       Write it with three: /// @audit(…)

    1 error
    "
  `)
})

test('AUD408: before a block attribute', async () => {
  expect(
    await problems(model('', 'id Int @id\n  /// @audit(enabled)\n  @@map("orders")')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:13:7 - error AUD408: This annotation stands before or behind a block attribute (@@…), where it belongs to nothing.
       13 |   /// @audit(enabled)
          |       ^^^^^^
       Put it above the model, or above the field that is meant.

    1 error
    "
  `)
})

test('AUD409: on what is ignored', async () => {
  expect(
    await problems(
      model('/// @audit(enabled)', 'id Int @id\n  @@ignore') +
        model('/// @audit(enabled)', 'id Int @id\n  /// @audit(exclude)\n  old Int? @ignore', 'Item'),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:5 - error AUD409: This annotation stands on a model that Prisma Client leaves out (@@ignore), so it is lost.
       10 | /// @audit(enabled)
          |     ^^^^^^
       Remove the annotation, or the @@ignore.

    1 error
    "
  `)
})

test('AUD410: at the end of a model and of the file', async () => {
  expect(
    await problems(`${model('/// @audit(enabled)', 'id Int @id\n  /// @audit(exclude)')}/// @audit(enabled)`),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:13:7 - error AUD410: Nothing that could be audited stands below this annotation.
       13 |   /// @audit(exclude)
          |       ^^^^^^
       Put it on a line of its own, directly above the model or field.

    schema.prisma:15:5 - error AUD410: Nothing that could be audited stands below this annotation.
       15 | /// @audit(enabled)
          |     ^^^^^^
       Put it on a line of its own, directly above the model or field.

    2 errors
    "
  `)
})

test('AUD411: on a relation field', async () => {
  expect(
    await problems(
      model(
        '/// @audit(enabled)',
        'id Int @id\n  /// @audit(exclude)\n  parent Order? @relation("p", fields: [parentId], references: [id])\n  parentId Int?\n  children Order[] @relation("p")',
      ),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:13:7 - error AUD411: "Order.parent" is a relation and has no column of its own.
       13 |   /// @audit(exclude)
          |       ^^^^^^
       Annotate the scalar field that holds the foreign key.

    1 error
    "
  `)
})

test('AUD412: commented out', async () => {
  expect(await problems(model('// /// @audit(enabled)'))).toMatchInlineSnapshot(`
    "
    schema.prisma:10:8 - info AUD412: This annotation is commented out and does nothing.
       10 | // /// @audit(enabled)
          |        ^^^^^^
       Remove it, or write @audit(disabled) to say that a model is not audited on purpose.

    1 note
    "
  `)
})

test('AUD414: on a field of a model that is not audited', async () => {
  expect(
    await problems(audited + model('', 'id Int @id\n  /// @audit(exclude)\n  name String', 'Item')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:17:7 - warning AUD414: "Item.name" is annotated, but the model "Item" is not audited.
       17 |   /// @audit(exclude)
          |       ^^^^^^
       Put /// @audit(enabled) above the model, or remove the annotation.

    1 warning
    "
  `)
})

test("AUD501: source columns called like the audit table's own", async () => {
  expect(
    await problems(
      model(
        '/// @audit(enabled)',
        'audit_id Int @id\n  user String @map("audit_current_user")\n  audit_operation Int? @ignore',
      ),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:12:3 - error AUD501: The column "audit_id" of model "Order" is called like one of the audit table's own columns.
       12 |   audit_id Int @id
          |   ^^^^^^^^
       Give the column another name with @map, or put /// @audit(exclude) above the field.

    schema.prisma:13:3 - error AUD501: The column "audit_current_user" of model "Order" is called like one of the audit table's own columns.
       13 |   user String @map("audit_current_user")
          |   ^^^^
       Give the column another name with @map, or put /// @audit(exclude) above the field.

    schema.prisma:14:3 - error AUD501: The column "audit_operation" of model "Order" is called like one of the audit table's own columns.
       14 |   audit_operation Int? @ignore
          |   ^^^^^^^^^^^^^^^
       Give the column another name with @map, or put /// @audit(exclude) above the field.

    3 errors
    "
  `)
})

test("AUD502: a user's name over 63 bytes", async () => {
  expect(
    await problems(
      model(`/// @audit(enabled, table: "${'é'.repeat(32)}")`),
      '  sessionSettings = ["user String"]\n  settingColumn = "' +
        'x'.repeat(64) +
        '_{setting}"\n  trigger = "' +
        'y'.repeat(57) +
        '_{operation}"',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:7:23 - error AUD502: The setting column name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_user" has 69 bytes; PostgreSQL would cut it at 63.
        7 |   sessionSettings = ["user String"]
          |                       ^^^^
       Shorten the template, or give the model a name of its own: @audit(enabled, table: "…"). Names from the default templates are shortened by themselves.

    schema.prisma:12:28 - error AUD502: The table name "éééééééééééééééééééééééééééééééé" has 64 bytes; PostgreSQL would cut it at 63.
       12 | /// @audit(enabled, table: "éééééééééééééééééééééééééééééééé")
          |                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       Shorten the template, or give the model a name of its own: @audit(enabled, table: "…"). Names from the default templates are shortened by themselves.

    schema.prisma:13:7 - error AUD502: The trigger name "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy_insert" has 64 bytes; PostgreSQL would cut it at 63.
       13 | model Order {
          |       ^^^^^
       Shorten the template, or give the model a name of its own: @audit(enabled, table: "…"). Names from the default templates are shortened by themselves.

    3 errors
    "
  `)
})

test('AUD503: two models of one PostgreSQL schema that get one name', async () => {
  expect(
    await problems(
      model('/// @audit(enabled, table: "history")') +
        model('/// @audit(enabled, table: "history", function: "Order_audit_{role}")', 'id Int @id', 'Item'),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:11:7 - error AUD503: Models "Item" (public.Item) and "Order" (public.Order) would share the audit table "history".
       11 | model Order {
          |       ^^^^^
       Give one of them names of its own: @audit(enabled, table: "…", function: "…_{role}")

    1 error
    "
  `)
})

test('AUD504: no primary key', async () => {
  expect(
    await problems(
      model('/// @audit(enabled)', 'a Int\n  b Int?\n  c Int\n  d Int @unique\n  @@unique([a, c])'),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:11:7 - warning AUD504: Model "Order" has no primary key; its history is kept by the unique index of d.
       11 | model Order {
          |       ^^^^^
       Give the model an @id or @@id if it can have one.

    1 warning
    "
  `)
})

test('AUD504: no primary key, and only a partial unique index', async () => {
  const partial =
    '\ngenerator client {\n  provider = "prisma-client"\n  output = "x"\n  previewFeatures = ["partialIndexes"]\n}\n'
  const body = 'a Int @unique(where: raw("a > 0"))'
  expect(await problems(`${partial}${model('/// @audit(enabled)', body)}`)).toMatchInlineSnapshot(`
    "
    schema.prisma:17:7 - warning AUD504: Model "Order" has neither a primary key nor a unique index of required columns; its history is kept, but rows cannot be told apart.
       17 | model Order {
          |       ^^^^^
       Give the model an @id or @@id if it can have one.

    1 warning
    "
  `)
})

test('AUD505: a key column is excluded', async () => {
  expect(
    await problems(model('/// @audit(enabled)', '/// @audit(exclude)\n  id Int\n  b Int\n  @@id([b, id])')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:13:3 - error AUD505: "Order.id" belongs to the primary key and cannot be excluded: the history could not tell rows apart.
       13 |   id Int
          |   ^^
       Remove the annotation.

    1 error
    "
  `)
})

test('what Prisma Client does not know is recorded all the same, and may say what it wants', async () => {
  const fields = [
    'id Int @id',
    'old Int? @ignore @map("old one")',
    'area Unsupported("polygon")?',
    '/// @audit(exclude)\n  gone Int? @ignore',
    'api_key String? @ignore',
  ]
  const { model: audit, text } = await resolveSchema(
    auditSchema(model('/// @audit(enabled)', fields.join('\n  '))),
  )
  expect(audit.tables[0]?.columns.map(({ name, policy, asText }) => [name, policy, asText])).toEqual([
    ['id', 'record', undefined],
    ['old one', 'record', true],
    ['area', 'record', true],
    ['api_key', 'redact', true],
  ])
  expect(text).toContain('AUD513: "Order.api_key" is named like a secret')
})

test('AUD411: what stands above the field of a many-to-many relation but exclude, audited or not', async () => {
  const { text, model: audit } = await resolveSchema(
    auditSchema(
      model('/// @audit(enabled)', 'id Int @id\n  /// @audit(redact)\n  tags Tag[]') +
        model('', 'id Int @id\n  /// @audit(hash)\n  orders Order[]', 'Tag'),
    ),
  )
  expect(text.match(/AUD\d+: "[^"]*"/g)).toEqual(['AUD411: "Order.tags"', 'AUD411: "Tag.orders"'].toSorted())
  expect(text).toContain('or left out with /// @audit(exclude)')
  expect(audit.tables.map(({ source }) => source.name)).toContain('_OrderToTag')
})

test('AUD507: a many-to-many relation of which Prisma hides a side, or both', async () => {
  for (const [tags, orders] of [
    ['tags Tag[] @ignore', 'orders Order[]'],
    ['tags Tag[]', 'orders Order[] @ignore'],
    ['tags Tag[] @ignore', 'orders Order[] @ignore'],
  ]) {
    const { diagnostics } = await resolveSchema(
      auditSchema(
        model('/// @audit(enabled)', `id Int @id\n  ${tags}`) + model('', `id Int @id\n  ${orders}`, 'Tag'),
      ),
    )
    expect(diagnostics.map(({ code, model, field }) => [code, model, field])).toEqual([
      ['AUD507', 'Order', 'tags'],
    ])
  }
})

test('AUD508: nothing audited', async () => {
  expect(await problems(model(''))).toMatchInlineSnapshot(`
    "
    info AUD508: No model is audited.
       Put /// @audit(enabled) above a model.

    1 note
    "
  `)
})

const PERSON = model(
  '',
  'id Int @id\n  sent Message[] @relation("s")\n  read Message[] @relation("r")',
  'Person',
)
const message = (annotation: string, onDelete = ', onDelete: Cascade') =>
  model(
    annotation,
    `id Int @id
  senderId Int
  sender Person @relation("s", fields: [senderId], references: [id]${onDelete})
  readerId Int?
  reader Person? @relation("r", fields: [readerId], references: [id])`,
    'Message',
  )

test('AUD510: two foreign keys by which one DELETE writes a row twice', async () => {
  expect(await problems(PERSON + message('/// @audit(enabled)'))).toMatchInlineSnapshot(`
    "
    schema.prisma:22:3 - warning AUD510: One DELETE of "Person" may change a "Message" by "reader" and then delete it by "sender": the D may be recorded before the U.
       22 |   reader Person? @relation("r", fields: [readerId], references: [id])
          |   ^^^^^^
       Record this model row by row, in the order of the writes: @audit(enabled, level: row). Or write level: statement, if that never matters.

    1 warning
    "
  `)
})

test('AUD510: two foreign keys to one parent in the key', async () => {
  const follows = (annotation: string, more = '', key = '@@id([aId, bId])') =>
    model(
      annotation,
      `aId Int\n  bId Int\n  a Person @relation("a", fields: [aId], references: [id]${more})\n  b Person @relation("b", fields: [bId], references: [id])\n  ${key}`,
      'Follow',
    ) + model('', 'id Int @id\n  a Follow[] @relation("a")\n  b Follow[] @relation("b")', 'Person')
  const said = async (schema: string) => (await problems(schema)).match(/AUD510: .*/g)
  expect(await said(follows('/// @audit(enabled)'))).toEqual([
    'AUD510: One UPDATE of the key of "Person" may change the key of a "Follow" by "a" and by "b": what it was in between looks alive.',
  ])
  for (const without of [
    follows('/// @audit(enabled, level: row)'),
    follows('/// @audit(enabled, level: statement)'),
    follows('/// @audit(enabled)', ', onUpdate: Restrict'),
    follows('/// @audit(enabled)', '', '@@id([aId])'),
  ]) {
    expect(await said(without)).toBeNull()
  }
})

test('AUD510: two foreign keys in the key to models of which the key of one follows that of the other', async () => {
  const said = async (annotation: string, own = '', between = 'Post') => {
    const schema = [
      model('', 'id Int @id\n  info Info?\n  outer Outer?\n  links Link[]', 'Post'),
      model('', 'id Int @id\n  post Post @relation(fields: [id], references: [id])\n  info Info?', 'Outer'),
      model(
        '',
        `id Int @id\n  parent ${between}? @relation(fields: [id], references: [id]${own})\n  links Link[]`,
        'Info',
      ),
      model(
        annotation,
        'postId Int\n  infoId Int\n  post Post @relation(fields: [postId], references: [id])\n  info Info @relation(fields: [infoId], references: [id])\n  @@id([postId, infoId])',
        'Link',
      ),
    ].join('')
    const unused = between === 'Post' ? '\n  info Info?\n}' : '\n  info Info?\n  outer'
    const kept = between === 'Post' ? '\n}' : '\n  outer'
    return (await problems(schema.replace(unused, kept))).match(/AUD510: .*/g)
  }
  const expected = [
    'AUD510: One UPDATE of the key of "Post" may change the key of a "Link" by "post" and by "info": what it was in between looks alive.',
  ]
  const enabled = '/// @audit(enabled)'
  expect(await said(enabled)).toEqual(expected)
  expect(await said(enabled, '', 'Outer')).toEqual(expected)
  expect(await said(enabled, ', onUpdate: Restrict')).toBeNull()
  expect(await said('/// @audit(enabled, level: row)')).toBeNull()
})

test('AUD510 is not said where it cannot happen', async () => {
  expect(await problems(PERSON + message('/// @audit(enabled, level: row)'))).toBe('\n')
  expect(await problems(PERSON + message('/// @audit(enabled, level: statement)'))).toBe('\n')
  expect(await problems(PERSON + message('/// @audit(enabled)', ''))).toBe('\n')
  const { text } = await resolveSchema(
    auditSchema(PERSON + message('/// @audit(enabled)')).replace(
      'provider = "postgresql"',
      'provider = "postgresql"\n  relationMode = "prisma"',
    ),
  )
  expect(text).toBe('')
  // The author goes first, all posts later: a comment is changed, and then deleted.
  const comment = `id Int @id
  authorId Int?
  author Author? @relation(fields: [authorId], references: [id])
  postId Int
  post Post @relation(fields: [postId], references: [id], onDelete: Cascade)`
  const post = `id Int @id
  authorId Int
  author Author @relation(fields: [authorId], references: [id], onDelete: Cascade)
  comments Comment[]`
  const blog = [
    model('', 'id Int @id\n  posts Post[]\n  comments Comment[]', 'Author'),
    model('', post, 'Post'),
    model('/// @audit(enabled)', comment, 'Comment'),
  ]
  expect(await problems(blog.join(''))).toBe('\n')
})

test('AUD515: a baseline needs a key', async () => {
  expect(await problems(model('/// @audit(enabled, backfill: true)'))).toBe('\n')
  const keyless = await problems(
    model('/// @audit(enabled, backfill: true)', '/// @audit(exclude)\n  id Int @unique\n  note String'),
  )
  expect(keyless).toContain('AUD515: "Order" has no key, so its rows from before the audit cannot be told')
})

test('AUD517: a subject that no erasure could follow', async () => {
  const models = [
    model('/// @audit(enabled)', 'id Int @id\n  /// @audit(subject: Custmer)\n  customerId Int', 'Invoice'),
    model(
      '/// @audit(enabled)',
      'id Int @id\n  /// @audit(subject: Pair)\n  pairId Int\n  /// @audit(subject: "Invoice", hash)\n  bill Int',
      'Note',
    ),
    model('/// @audit(enabled)', 'a Int\n  b Int\n  @@id([a, b])', 'Pair'),
  ]
  expect(await problems(models.join('\n'))).toMatchInlineSnapshot(`
    "
    schema.prisma:14:3 - error AUD517: "Invoice.customerId" does not say whose data its row is: no model "Custmer" is audited.
       14 |   customerId Int
          |   ^^^^^^^^^^
       Name the audited model whose key the field holds: @audit(subject: User)

    schema.prisma:21:3 - error AUD517: "Note.pairId" does not say whose data its row is: the key of "Pair" is not one field.
       21 |   pairId Int
          |   ^^^^^^
       Name the audited model whose key the field holds: @audit(subject: User)

    schema.prisma:23:3 - error AUD517: "Note.bill" does not say whose data its row is: its values are not in the history.
       23 |   bill Int
          |   ^^^^
       Name the audited model whose key the field holds: @audit(subject: User)

    3 errors
    "
  `)
})

test('AUD518: a personal field of a key', async () => {
  expect(
    await problems(
      model(
        '/// @audit(enabled)',
        '/// @audit(personal)\n  email String @id\n  /// @audit(personal)\n  name String',
      ),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:13:3 - error AUD518: "Order.email" belongs to the key, which says which row a version is of: it cannot be erased.
       13 |   email String @id
          |   ^^^^^
       Give the model a key that does not tell who somebody is, or take "personal" away.

    1 error
    "
  `)
})

test('AUD519: partitions in a schema that Prisma manages', async () => {
  expect(
    await problems(
      model('/// @audit(enabled, partitionBy: month)') + model('/// @audit(enabled)', 'id Int @id', 'Item'),
      '  schema = "public"',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:11:7 - error AUD519: The history of "Order" is to be partitioned, and "public" is a schema that Prisma manages: it would drop the partitions.
       11 | model Order {
          |       ^^^^^
       Give the audit a schema of its own (schema = "audit"), or leave partitionBy out.

    1 error
    "
  `)
})

test('AUD516: a column that is recorded only when it changes, without a key, or by statement', async () => {
  expect(
    await problems(
      model('/// @audit(enabled, level: statement)', 'id Int @id\n  /// @audit(whenChanged)\n  body String'),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:14:3 - error AUD516: "Order.body" cannot be recorded only when it changes: "level: statement" has no row to ask for.
       14 |   body String
          |   ^^^^
       Leave "level" out: level: row comes with it.

    1 error
    "
  `)
})

test('AUD205: statement level sees no row before and after', async () => {
  expect(
    await problems(model('/// @audit(enabled, level: statement, updates: changed)')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:48 - error AUD205: "updates: changed" contradicts "level: statement": only a row has an old and a new state.
       10 | /// @audit(enabled, level: statement, updates: changed)
          |                                                ^^^^^^^
       Leave "level" out: updates: changed brings level: row with it.

    1 error
    "
  `)
})

test('level: row, and updates: changed, which brings it along', async () => {
  const levels = async (annotation: string) => {
    const { model: audit, text } = await resolveSchema(auditSchema(model(annotation)))
    return [text, ...audit.tables.map(({ level, updates }) => `${level} ${updates}`)]
  }
  expect(await levels('/// @audit(enabled)')).toEqual(['', 'statement all'])
  expect(await levels('/// @audit(enabled, level: statement, updates: all)')).toEqual(['', 'statement all'])
  expect(await levels('/// @audit(enabled, level: row)')).toEqual(['', 'row all'])
  expect(await levels('/// @audit(enabled, updates: changed)')).toEqual(['', 'row changed'])
  expect(await levels('/// @audit(enabled, enableAlways: true, missingSettings: record)')).toEqual([
    '',
    'row all',
  ])
})

test('facts: unknown ones, one that a setting is called like, and one that level statement cannot have', async () => {
  const said = async (annotation: string) => problems(model(`/// @audit(enabled, ${annotation})`))
  expect(await said('facts: [client_adr]')).toContain('AUD203: The option "facts" does not know "client_adr"')
  expect(await said('facts: client_addr')).toContain('AUD203: The option "facts" takes a list')
  expect(await said('facts: [application_name], sessionSettings: [application_name String?]')).toContain(
    'AUD306: "application_name" is a session setting and a fact',
  )
  expect(await said('level: statement, facts: [changed_columns]')).toContain(
    'AUD205: The fact "changed_columns" contradicts "level: statement"',
  )
})

test('AUD514: replication that a required setting would stop, and enableAlways at level statement', async () => {
  expect(
    await problems(model('/// @audit(enabled, enableAlways: true, sessionSettings: [username String])')),
  ).toContain('AUD514')
  expect(
    await problems(
      model(
        '/// @audit(enabled, enableAlways: true, sessionSettings: [username String], missingSettings: record)',
      ),
    ),
  ).not.toContain('AUD514')
  expect(await problems(model('/// @audit(enabled, enableAlways: true, level: statement)'))).toContain(
    'AUD205: "enableAlways: true" contradicts "level: statement"',
  )
})

test('AUD513: fields named like a secret are redacted, unless they say otherwise', async () => {
  const fields = [
    'id Int @id',
    'passwordHash String',
    'api_key String @map("k")',
    'k2 String @map("reset_token")',
    '/// @audit(record)\n  otp String',
    '/// @audit(redact)\n  pin Int',
    '/// @audit(exclude)\n  secret Bytes',
    'isSecret Boolean',
    'passwordChangedAt DateTime',
    'tokenCount Int',
    'secretary String',
    'pinned String',
  ]
  const schema = auditSchema(model('/// @audit(enabled)', fields.join('\n  ')))
  const { model: audit, text } = await resolveSchema(schema)
  const [table] = audit.tables
  expect(table?.columns.map(({ name, policy }) => `${name} ${policy}`)).toEqual([
    'id record',
    'passwordHash redact',
    'k redact',
    'reset_token redact',
    'otp record',
    'pin redact',
    'isSecret record',
    'passwordChangedAt record',
    'tokenCount record',
    'secretary record',
    'pinned record',
  ])
  expect(table?.level).toBe('row')
  expect(text.match(/AUD513: "[^"]*"/g)).toEqual([
    'AUD513: "Order.passwordHash"',
    'AUD513: "Order.api_key"',
    'AUD513: "Order.k2"',
  ])
  expect(
    await problems(model('/// @audit(enabled, level: statement)', 'token String @id\n  password String?')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:12:3 - warning AUD513: "Order.token" is named like a secret and belongs to the key: its values are in the history, which could not tell rows apart without them.
       12 |   token String @id
          |   ^^^^^
       Say so with /// @audit(record) above the field, or give the model another @id.

    schema.prisma:13:3 - warning AUD513: "Order.password" is named like a secret: the history holds that it changed, and not its values, and records the model row by row.
       13 |   password String?
          |   ^^^^^^^^
       Say what is meant above the field: /// @audit(redact), or /// @audit(record) to have the values recorded.

    2 warnings
    "
  `)
})

test('AUD513: what is a secret by its model, and by its type', async () => {
  const columns = async (name: string, fields: string) => {
    const schema = auditSchema(model('/// @audit(enabled)', `id Int @id\n  ${fields}`, name))
    const { model: audit, text } = await resolveSchema(schema)
    const policies = audit.tables[0]?.columns.map((column) => `${column.name} ${column.policy}`)
    return [policies?.slice(1), text.match(/AUD513: "[^"]*"/g)]
  }
  expect(await columns('Password', 'hash String\n  salt Bytes\n  userId String')).toEqual([
    ['hash redact', 'salt redact', 'userId record'],
    ['AUD513: "Password.hash"', 'AUD513: "Password.salt"'],
  ])
  expect(await columns('Login', '/// @audit(record)\n  hash String\n  @@map("credentials")')).toEqual([
    ['hash record'],
    null,
  ])
  expect(await columns('Login', 'hash String\n  @@map("credentials")')).toEqual([
    ['hash redact'],
    ['AUD513: "Login.hash"'],
  ])
  expect(await columns('Food', 'salt Float\n  pass Int\n  hash String')).toEqual([
    ['salt record', 'pass record', 'hash record'],
    null,
  ])
  expect(await columns('Token', 'value Int\n  名 String')).toEqual([['value record', '名 record'], null])
})

test('AUD505: a key column that is to be redacted; a unique column that is redacted is no key', async () => {
  expect(
    await problems(model('/// @audit(enabled)', '/// @audit(redact)\n  code String @id')),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:13:3 - error AUD505: "Order.code" belongs to the primary key and cannot be redacted: the history could not tell rows apart.
       13 |   code String @id
          |   ^^^^
       Remove the annotation.

    1 error
    "
  `)
  const fields = '/// @audit(redact)\n  code String @unique\n  nr Int @unique'
  const keyOf = async (text: string) =>
    (await resolveSchema(auditSchema(model('/// @audit(enabled)', text)))).model.tables[0]
  expect((await keyOf(fields))?.key).toEqual(['nr'])
  // Named like a secret alone, it stays the key, and is recorded.
  const token = await keyOf('token String @unique\n  note String')
  expect([token?.key, token?.columns.map(({ policy }) => policy)]).toEqual([['token'], ['record', 'record']])
})

test('AUD511: a field and a model that were called like something that is still there', async () => {
  expect(
    await problems(
      model(
        '/// @audit(enabled, renamedFrom: "public.items")',
        'id Int @id\n  old String\n  /// @audit(renamedFrom: "old")\n  name String',
      ) + model('', 'id Int @id\n  @@map("items")', 'Item'),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:10:34 - warning AUD511: "Order" says that it was called "public.items", but the schema still has a table "public.items".
       10 | /// @audit(enabled, renamedFrom: "public.items")
          |                                  ^^^^^^^^^^^^^^
       Remove renamedFrom: what is still there was not renamed.

    schema.prisma:14:27 - warning AUD511: "Order.name" says that it was called "old", but the schema still has a column "old".
       14 |   /// @audit(renamedFrom: "old")
          |                           ^^^^^
       Remove renamedFrom: what is still there was not renamed.

    2 warnings
    "
  `)
})

test('AUD512: two fields, and two models, that were called the same', async () => {
  expect(
    await problems(
      model(
        '/// @audit(enabled, renamedFrom: "old")',
        'id Int @id\n  /// @audit(renamedFrom: "x")\n  a String\n  /// @audit(renamedFrom: "x")\n  b String',
      ) + model('/// @audit(enabled, renamedFrom: "public.old")', 'id Int @id', 'Item'),
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:15:27 - error AUD512: "Order.a" and "Order.b" both say that they were called "x".
       15 |   /// @audit(renamedFrom: "x")
          |                           ^^^
       One history goes on in one place: remove one of the two.

    schema.prisma:18:34 - error AUD512: "Order" and "Item" both say that they were called "public.old".
       18 | /// @audit(enabled, renamedFrom: "public.old")
          |                                  ^^^^^^^^^^^^
       One history goes on in one place: remove one of the two.

    2 errors
    "
  `)
})

test('several problems are sorted by place, with a count', async () => {
  expect(
    await problems(
      model('/// @audit(enabld)') + model('// @audit(enabled)', 'id Int @id', 'Item'),
      '  strict = "perhaps"',
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:7:12 - error AUD102: Unknown value "perhaps".
        7 |   strict = "perhaps"
          |            ^^^^^^^^^
       Known here: true, false.

    schema.prisma:10:12 - error AUD202: @audit has no option "enabld".
       10 | /// @audit(enabld)
          |            ^^^^^^
       Did you mean "enabled"?

    schema.prisma:14:4 - error AUD406: This annotation stands in a // comment, which Prisma drops.
       14 | // @audit(enabled)
          |    ^^^^^^
       Write it with three slashes: /// @audit(…)

    3 errors
    "
  `)
})

test('AUD105: the datasource is not PostgreSQL', async () => {
  const { text } = await resolveSchema(`${audited}\ndatasource db {\n  provider = "mysql"\n}\n`)
  expect(`\n${text}`).toMatchInlineSnapshot(`
    "
    error AUD105: The datasource's provider is "mysql", and the audit trail is made of PostgreSQL triggers.
       Remove this generator from the schema, or use a datasource with provider = "postgresql".

    1 error
    "
  `)
})

test('AUD401: on a view', async () => {
  const views =
    '\ngenerator client {\n  provider = "prisma-client"\n  output = "x"\n  previewFeatures = ["views"]\n}\n'
  expect(
    await problems(
      `${views}${audited}\n/// @audit(enabled)\nview Sum {\n  /// @audit(exclude)\n  id Int @unique\n}\n`,
    ),
  ).toMatchInlineSnapshot(`
    "
    schema.prisma:21:5 - error AUD401: A view has no rows of its own to audit.
       21 | /// @audit(enabled)
          |     ^^^^^^
       Audit the models under it.

    schema.prisma:23:7 - error AUD401: A view has no rows of its own to audit.
       23 |   /// @audit(exclude)
          |       ^^^^^^
       Audit the models under it.

    2 errors
    "
  `)
})

test('AUD402: on a composite type', () => {
  // Prisma refuses composite types on PostgreSQL before any generator runs, so the text is all there is.
  const { blocks } = scanSchema([
    { path: 'a.prisma', text: '/// @audit(enabled)\ntype Address {\n  city String\n}\n' },
  ])
  expect(blocks.flatMap(misplacedAnnotations)).toMatchInlineSnapshot(`
    [
      {
        "code": "AUD402",
        "hint": "Audit the models that use it.",
        "message": "A composite type is no table.",
        "model": "Address",
        "place": {
          "column": 5,
          "file": "a.prisma",
          "length": 6,
          "line": 1,
        },
        "severity": "error",
      },
    ]
  `)
})

test('AUD413: Prisma sees an annotation that the given files do not show', async () => {
  const { dmmf, options } = await prepared(audited)
  const files = [{ path: 'other.prisma', text: 'model Order {\n  id Int @id\n}\n' }]
  const { diagnostics } = resolveAuditModel({ dmmf, files, options })
  expect(`\n${renderDiagnostics(diagnostics, files)}`).toMatchInlineSnapshot(`
    "
    info AUD508: No model is audited.
       Put /// @audit(enabled) above a model.

    other.prisma:1:7 - error AUD413: Prisma reads an @audit in the documentation of model "Order" that was not found above it.
        1 | model Order {
          |       ^^^^^
       Write it as /// @audit(…) on a line of its own, directly above the model.

    1 error, 1 note
    "
  `)
})

test('AUD503: an audit table that would have the name of one of seals', async () => {
  expect(await problems(model('/// @audit(enabled, table: "seal_salt")'))).toContain(
    'error AUD503: The audit table of "Order" would have the name of the table of seals: "seal_salt".',
  )
})

test('AUD503: models of one name in two PostgreSQL schemas, and the hint is the cure', async () => {
  const schemas = DATASOURCE.replace('"postgresql"', '"postgresql"\n  schemas  = ["public", "auth"]')
  const models = `
/// @audit(enabled)
model User {
  id Int @id
  @@schema("public")
  @@map("users")
}

/// @audit(enabled)
model AuthUser {
  id Int @id
  @@schema("auth")
  @@map("users")
}
`
  const generator = (options: string) =>
    `generator audit {\n  provider = "prisma-generator-audit"\n${options}}\n`
  const clash = await resolveSchema(`${schemas}${generator('')}${models}`)
  expect(`\n${clash.text}`).toMatchInlineSnapshot(`
    "
    schema.prisma:10:7 - error AUD503: Models "AuthUser" (auth.users) and "User" (public.users) would share the audit table "users_audit".
       10 | model User {
          |       ^^^^
       Put the schema into the names, in the generator block:
       table    = "{schema}_{table}_audit"
       function = "{schema}_{table}_audit_{role}"

    1 error
    "
  `)
  const cured = await resolveSchema(
    `${schemas}${generator('table = "{schema}_{table}_audit"\n function = "{schema}_{table}_audit_{role}"\n')}${models}`,
  )
  expect(cured.text).toBe('')
  expect(cured.model.tables.map(({ names }) => names.table)).toEqual([
    'auth_users_audit',
    'public_users_audit',
  ])
})

test('AUD509: a native type that is not known', async () => {
  const { dmmf, options, files } = await prepared(audited)
  const [order] = dmmf.datamodel.models
  const fields =
    order?.fields.map((field) => ({ ...field, nativeType: ['Cube', []] as [string, string[]] })) ?? []
  const datamodel = { ...dmmf.datamodel, models: order ? [{ ...order, fields }] : [] }
  const { diagnostics } = resolveAuditModel({ dmmf: { datamodel }, files, options })
  expect(`\n${renderDiagnostics(diagnostics, files)}`).toMatchInlineSnapshot(`
    "
    schema.prisma:12:3 - error AUD509: "Order.id" has the type @db.Cube, which this version does not know.
       12 |   id Int @id
          |   ^^
       Put /// @audit(exclude) above the field, or update prisma-generator-audit.

    1 error
    "
  `)
})

async function prepared(models: string) {
  const text = auditSchema(models)
  const { options } = await resolveSchema(text)
  return {
    dmmf: await internals.getDMMF({ datamodel: text }),
    options,
    files: [{ path: 'schema.prisma', text }],
  }
}
