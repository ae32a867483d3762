import type { DataSource, GeneratorConfig } from '@prisma/generator'
import { findAuditGenerator, optionPlaces } from './annotation/option-places.ts'
import { scanSchema } from './annotation/scan-schema.ts'
import type { CompileInput } from './compile.ts'
import { checkDatasource, parseOptions } from './config.ts'
import type { Diagnostic } from './diagnostics.ts'
import type { SourceFile } from './model/place.ts'
import type { ClientGenerator } from './typescript/render-typed-module.ts'

/** What is needed of what Prisma hands to a generator, but for the data model; `cli/` reads the same without Prisma. */
export interface PrismaInput {
  /** The schema file, or the folder of a schema in several files; absolute. */
  readonly schemaPath: string
  /** The audit's own block. */
  readonly generator: Pick<GeneratorConfig, 'config'>
  readonly otherGenerators: readonly Pick<GeneratorConfig, 'provider' | 'config'>[]
  readonly datasources: readonly Pick<DataSource, 'activeProvider' | 'schemas'>[]
}

/** What Prisma hands to the generator, in our own words: everything that `compile` needs but data model and folder. */
export function readPrismaOptions(
  prisma: PrismaInput,
  schemaFiles: readonly SourceFile[],
): { readonly input: Omit<CompileInput, 'dmmf' | 'folder'>; readonly diagnostics: readonly Diagnostic[] } {
  const { blocks } = scanSchema(schemaFiles)
  const block = findAuditGenerator(blocks)
  const { options, diagnostics } = parseOptions(prisma.generator.config, block && optionPlaces(block))
  const [datasource] = prisma.datasources
  const datasourceBlock = blocks.find(({ kind }) => kind === 'datasource')
  const datasourcePlace = datasourceBlock && optionPlaces(datasourceBlock)('provider')
  return {
    diagnostics: [
      ...diagnostics,
      ...(datasource === undefined ? [] : checkDatasource(datasource.activeProvider, datasourcePlace)),
    ],
    input: {
      schemaFiles,
      options,
      datasourceSchemas: datasource?.schemas ?? [],
      clientGenerators: prisma.otherGenerators.map(clientGenerator),
    },
  }
}

function clientGenerator({ provider, config }: PrismaInput['otherGenerators'][number]): ClientGenerator {
  const text = (name: string): string | undefined => {
    const value = config[name]
    return typeof value === 'string' ? value : undefined
  }
  const entries = (['importFileExtension', 'moduleFormat', 'generatedFileExtension'] as const).flatMap(
    (name) => {
      const value = text(name)
      return value === undefined ? [] : [[name, value] as const]
    },
  )
  return { provider: provider.value ?? '', ...Object.fromEntries(entries) }
}
