import internals from '@prisma/internals'
import { findAuditGenerator, optionPlaces } from '../../src/annotation/option-places.ts'
import { scanSchema } from '../../src/annotation/scan-schema.ts'
import { checkDatasource, parseOptions } from '../../src/config.ts'
import { resolveAuditModel } from '../../src/datamodel/resolve-audit-model.ts'
import { renderDiagnostics } from '../../src/diagnostics.ts'
import type { SourceFile } from '../../src/model/place.ts'

/** What the generator does with a schema up to the audit model, with Prisma's own reading of it. */
export async function resolveSchema(...texts: readonly string[]) {
  const files: readonly SourceFile[] = texts.map((text, index) => ({
    path: index === 0 ? 'schema.prisma' : `schema${index + 1}.prisma`,
    text,
  }))
  const datamodel = files.map(({ path, text }): [string, string] => [path, text])
  const dmmf = await internals.getDMMF({ datamodel })
  const { generators, datasources } = await internals.getConfig({ datamodel })
  const block = findAuditGenerator(scanSchema(files).blocks)
  const config = generators.find(({ provider }) => provider.value === 'prisma-generator-audit')?.config ?? {}
  const parsed = parseOptions(config, block && optionPlaces(block))
  const [datasource] = datasources
  const { model, diagnostics } = resolveAuditModel({
    dmmf,
    files,
    options: parsed.options,
    datasourceSchemas: datasource?.schemas ?? [],
  })
  const all = [...checkDatasource(datasource?.provider ?? ''), ...parsed.diagnostics, ...diagnostics]
  return { model, options: parsed.options, diagnostics: all, text: renderDiagnostics(all, files) }
}

export const DATASOURCE = `datasource db {
  provider = "postgresql"
}
`

/** A schema with an audit generator that holds `options`, and what is given below it. */
export function auditSchema(models: string, options = ''): string {
  return `${DATASOURCE}
generator audit {
  provider = "prisma-generator-audit"
${options}
}

${models}
`
}
