import { settingText } from './settings.ts'
import { scalar } from './types.ts'
import { type Column, type Enum, enumOf, keyColumns, type Model, type Setting, type World } from './world.ts'

/** schema.prisma of a world. */
export function renderSchema(world: World): string {
  const models = world.models.toSorted((a, b) => a.id - b.id)
  const enums = world.enums.toSorted((a, b) => a.id - b.id)
  return [
    'datasource db {\n  provider = "postgresql"\n  schemas  = ["public", "Other Schema"]\n}',
    renderGenerator(world),
    ...enums.map(renderEnum),
    ...models.map((model) => renderModel(world, model)),
    '',
  ].join('\n\n')
}

function renderGenerator({ audit }: World): string {
  const { settings, ...options } = audit
  const lines = Object.entries(options).map(([name, value]) => `  ${name} = ${quoted(value)}`)
  const list = settings.map((setting) => quoted(settingText(setting))).join(', ')
  return [
    'generator audit {',
    '  provider = "prisma-generator-audit"',
    `  sessionSettings = [${list}]`,
    ...lines,
    '}',
  ].join('\n')
}

function renderEnum({ id, name, schema, values }: Enum): string {
  const lines = values.map((value) => `  ${labelIdentifier(value)} @map(${quoted(value)})`)
  return [
    `enum Enum${id} {`,
    ...lines,
    `  @@map(${quoted(name)})`,
    `  @@schema(${quoted(schema)})`,
    '}',
  ].join('\n')
}

function renderModel(world: World, model: Model): string {
  const key = keyColumns(model).map(fieldOf).join(', ')
  // A name of its own, so that a renamed table needs no renamed constraint.
  const constraint = quoted(`pk ${model.id} ${model.life}`)
  return [
    ...annotation(model),
    `model Model${model.id} {`,
    ...model.columns.flatMap((column) => renderField(world, column)),
    ...(key === '' ? [] : [`  @@id([${key}], map: ${constraint})`]),
    `  @@map(${quoted(model.table)})`,
    `  @@schema(${quoted(model.schema)})`,
    '}',
  ].join('\n')
}

function annotation(model: Model): readonly string[] {
  if (!model.audited) return []
  const options = [
    'enabled',
    ...(model.settings === undefined ? [] : [`sessionSettings: [${settingList(model.settings)}]`]),
    ...(model.missingSettings === undefined ? [] : [`missingSettings: ${model.missingSettings}`]),
    ...(model.truncate === undefined ? [] : [`truncate: ${model.truncate}`]),
    ...(model.level === undefined ? [] : [`level: ${model.level}`]),
    ...(model.backfill && keyColumns(model).length > 0 ? ['backfill: true'] : []),
    ...(model.enableAlways ? ['enableAlways: true'] : []),
    ...(model.partitionBy === undefined ? [] : [`partitionBy: ${model.partitionBy}`]),
    ...(model.auditTable === undefined ? [] : [`table: ${quoted(model.auditTable)}`]),
    ...(model.renamedFrom === undefined ? [] : [`renamedFrom: ${quoted(model.renamedFrom)}`]),
  ]
  return [`/// @audit(${options.join(', ')})`]
}

function settingList(settings: readonly Setting[]): string {
  return settings.map(settingText).join(', ')
}

function renderField(world: World, column: Column): readonly string[] {
  const options = [
    ...(column.excluded ? ['exclude'] : column.hidden === undefined ? [] : [column.hidden]),
    ...(column.renamedFrom === undefined ? [] : [`renamedFrom: ${quoted(column.renamedFrom)}`]),
  ]
  const note = options.length === 0 ? [] : [`  /// @audit(${options.join(', ')})`]
  return [...note, `  ${fieldOf(column)} ${fieldType(world, column)} @map(${quoted(column.name)})`]
}

function fieldOf({ id }: Column): string {
  return `field${id}`
}

function fieldType(world: World, { type, optional, hasDefault }: Column): string {
  const mark = optional ? '?' : ''
  if (type.kind === 'enum') {
    const found = enumOf(world, type)
    const name = `Enum${type.enum}`
    if (type.list) return `${name}[]`
    return hasDefault
      ? `${name}${mark} @default(${labelIdentifier(found?.values[0] ?? '')})`
      : `${name}${mark}`
  }
  const { prisma, default: value } = scalar(type.name)
  const [word = '', ...native] = prisma.split(' ')
  return [`${word}${mark}`, ...(hasDefault && value !== undefined ? [value] : []), ...native].join(' ')
}

/** Prisma's own word for a label whose text is odd. */
function labelIdentifier(label: string): string {
  const codes = [...label].map((char) =>
    /[a-z0-9]/i.test(char) ? char : `_${char.codePointAt(0)?.toString(16)}_`,
  )
  return `v${codes.join('')}`
}

/** A Prisma string: JSON's escapes are its own. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
