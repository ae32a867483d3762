import type { SourceFile } from '../model/place.ts'
import { scanFile } from './scan-file.ts'
import type { ScannedSchema } from './schema-blocks.ts'

const known = new WeakMap<readonly SourceFile[], ScannedSchema>()

/**
 * Reads what the DMMF does not have from the schema files' own text: places, ignored and unsupported fields, views,
 * schemas of enums, and every `@audit`, also those that Prisma drops. The files must be ones that Prisma accepts;
 * of others it reads what it can. Never throws. The same list of files is read once.
 */
export function scanSchema(files: readonly SourceFile[]): ScannedSchema {
  const found = known.get(files)
  if (found !== undefined) return found
  const scanned = files.map(scanFile)
  const schema = {
    blocks: scanned.flatMap((each) => each.blocks),
    lost: scanned.flatMap((each) => each.lost),
  }
  known.set(files, schema)
  return schema
}
