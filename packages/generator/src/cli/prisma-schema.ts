import type * as DMMF from '@prisma/dmmf'
import type { DataSource, GeneratorConfig } from '@prisma/generator'
import prisma from '@prisma/prisma-schema-wasm'
import { scanSchema } from '../annotation/scan-schema.ts'
import { createPlaces, splitLines } from '../annotation/text-lines.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { SourceFile } from '../model/place.ts'
import { readDatamodel } from './datamodel-thread.ts'

/** Generators and datasources, as Prisma reads them. */
export interface PrismaConfiguration {
  readonly generators: readonly GeneratorConfig[]
  readonly datasources: readonly DataSource[]
}

/** The data model, as Prisma reads it. */
export type PrismaDatamodel = DMMF.Document['datamodel']

/**
 * Reads the generators and datasources of a schema with Prisma's own parser, in this process.
 *
 * @returns them, or what Prisma says against the schema, each with its place
 */
export function readConfiguration(files: readonly SourceFile[]): PrismaConfiguration | readonly Diagnostic[] {
  // Only the files that hold such blocks: the parser reads all that it is given.
  const { blocks } = scanSchema(files)
  const holds = (file: string) =>
    blocks.some(({ kind, place }) => (kind === 'generator' || kind === 'datasource') && place.file === file)
  const prismaSchema = pairs(files.filter(({ path }) => holds(path)))
  try {
    const { config }: { config: PrismaConfiguration } = JSON.parse(
      prisma.get_config(JSON.stringify({ prismaSchema })),
    )
    return config
  } catch (error) {
    return lintOr(files, error)
  }
}

/**
 * Reads the data model of a schema with Prisma's own parser. Only that is asked for: the whole DMMF that generators get
 * holds the client's query schema too, which costs ten times as much.
 *
 * @returns the data model, or what Prisma says against the schema, each with its place
 */
export async function parseDatamodel(
  files: readonly SourceFile[],
): Promise<PrismaDatamodel | readonly Diagnostic[]> {
  try {
    return JSON.parse(await readDatamodel(JSON.stringify({ prismaSchema: pairs(files), noColor: true })))
  } catch (error) {
    return lintOr(files, error)
  }
}

function pairs(files: readonly SourceFile[]): readonly (readonly [string, string])[] {
  return files.map(({ path, text }) => [path, text])
}

/** What Prisma says against the schema; where that is nothing, the parser failed for another reason. */
function lintOr(files: readonly SourceFile[], error: unknown): readonly Diagnostic[] {
  const diagnostics = lint(files)
  if (diagnostics.length > 0) return diagnostics
  throw error
}

interface Lint {
  readonly file_name: string
  /** UTF-16 offsets in the file. */
  readonly start: number
  readonly end: number
  readonly text: string
  readonly is_warning: boolean
}

function lint(files: readonly SourceFile[]): readonly Diagnostic[] {
  const found: readonly Lint[] = JSON.parse(prisma.lint(JSON.stringify(pairs(files))))
  const texts = new Map(files.map(({ path, text }) => [path, text]))
  return found
    .filter((each) => !each.is_warning)
    .map(({ file_name, start, end, text }) => ({
      code: 'AUD001',
      severity: 'error',
      message: text,
      place: createPlaces(file_name, splitLines(texts.get(file_name) ?? ''))(start, end - start),
    }))
}
