import type { GeneratorConfig, GeneratorOptions } from '@prisma/generator'
import { findAuditGenerator, optionPlaces } from './annotation/option-places.ts'
import { scanSchema } from './annotation/scan-schema.ts'
import type { CompileInput } from './compile.ts'
import { checkDatasource, parseOptions } from './config.ts'
import type { Diagnostic } from './diagnostics.ts'
import type { SourceFile } from './model/place.ts'
import type { ClientGenerator } from './typescript/render-typed-module.ts'

/** What Prisma hands to the generator, in our own words: everything that `compile` needs but the folder. */
export function readPrismaOptions(
  prisma: GeneratorOptions,
  schemaFiles: readonly SourceFile[],
): { readonly input: Omit<CompileInput, 'folder'>; readonly diagnostics: readonly Diagnostic[] } {
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
      dmmf: prisma.dmmf,
      schemaFiles,
      options,
      datasourceSchemas: datasource?.schemas ?? [],
      clientGenerators: prisma.otherGenerators.map(clientGenerator),
    },
  }
}

function clientGenerator({ provider, config }: GeneratorConfig): ClientGenerator {
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
