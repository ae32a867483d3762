import type * as DMMF from '@prisma/dmmf'
import type { DataSource, GeneratorConfig } from '@prisma/generator'
import prisma from '@prisma/prisma-schema-wasm'
import { scanSchema } from '../annotation/scan-schema.ts'
import { createPlaces, splitLines } from '../annotation/text-lines.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { SourceFile } from '../model/place.ts'

/** A schema as Prisma reads it. */
export interface PrismaSchema {
  readonly datamodel: DMMF.Document['datamodel']
  readonly generators: readonly GeneratorConfig[]
  readonly datasources: readonly DataSource[]
}

/**
 * Reads a schema with Prisma's own parser, in this process. Only the data model is asked for: the whole DMMF that
 * generators get holds the client's query schema too, which costs ten times as much.
 *
 * @returns the schema, or what Prisma says against it, each with its place
 */
export function parsePrismaSchema(files: readonly SourceFile[]): PrismaSchema | readonly Diagnostic[] {
  const prismaSchema = files.map(({ path, text }) => [path, text])
  try {
    const datamodel: PrismaSchema['datamodel'] = JSON.parse(
      prisma.get_datamodel(JSON.stringify({ prismaSchema, noColor: true })),
    )
    // Only the files that hold such blocks: the parser reads all that it is given.
    const { blocks } = scanSchema(files)
    const holds = (file: string) =>
      blocks.some(({ kind, place }) => (kind === 'generator' || kind === 'datasource') && place.file === file)
    const configured = prismaSchema.filter(([path = '']) => holds(path))
    const { config }: { config: Omit<PrismaSchema, 'datamodel'> } = JSON.parse(
      prisma.get_config(JSON.stringify({ prismaSchema: configured })),
    )
    return { datamodel, generators: config.generators, datasources: config.datasources }
  } catch (error) {
    const diagnostics = lint(files)
    if (diagnostics.length > 0) return diagnostics
    throw error
  }
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
  const found: readonly Lint[] = JSON.parse(
    prisma.lint(JSON.stringify(files.map(({ path, text }) => [path, text]))),
  )
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
