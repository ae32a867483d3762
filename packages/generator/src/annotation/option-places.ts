import type { SourcePlace } from '../model/place.ts'
import type { SchemaBlock } from './schema-blocks.ts'

/**
 * Where the options of a generator block stand: an unknown option at its name, a value at its value, an element of a list
 * at the first character inside its quotes. The block's name for an option that it does not have.
 */
export function optionPlaces(block: SchemaBlock): (option: string, part?: number | 'name') => SourcePlace {
  return (option, part) => {
    const setting = block.settings.find((each) => each.name === option)
    if (!setting) return block.place
    if (part === 'name' || setting.value === '') return setting.place
    if (part === undefined) return setting.valuePlace
    const strings = [...setting.value.matchAll(/"((?:\\.|[^"\\])*)"/g)]
    const found = strings[part]
    if (!found) return setting.valuePlace
    const column = setting.valuePlace.column + found.index + 1
    return { ...setting.valuePlace, column, length: Math.max(1, (found[1] ?? '').length) }
  }
}

/** The generator block that declares these session settings; with several, the first. */
export function findAuditGenerator(
  blocks: readonly SchemaBlock[],
  provider = 'prisma-generator-audit',
): SchemaBlock | undefined {
  const generators = blocks.filter((block) => block.kind === 'generator')
  const names = (wanted: string) => (block: SchemaBlock) =>
    block.settings.some(({ name, value }) => name === 'provider' && value.includes(wanted))
  return (
    generators.find(names(provider)) ??
    generators.find((block) => block.settings.some(({ name }) => name === 'sessionSettings'))
  )
}
