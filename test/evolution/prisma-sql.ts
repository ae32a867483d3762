import { bindMigrationAwareSqlAdapterFactory, type SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import type { DiffParams, DiffTarget, SchemaEngine } from '@prisma/schema-engine-wasm'

interface Tooling {
  loadSchemaEngine(): typeof SchemaEngine
  connectionFields(url: string): { readonly schema: string }
  connectAdapter(fields: { readonly schema: string }): Promise<SqlDriverAdapter>
}

/** Prisma's own SQL between two schemas. */
export type PrismaSql = (from: string | undefined, to: string) => Promise<string>

/** Loads Prisma's schema engine into this process; `url` is a database that it may ask for its version. */
export async function loadPrismaSql(url: string): Promise<PrismaSql> {
  const { loadSchemaEngine, connectionFields, connectAdapter } = await loadTooling()
  const connect = () => connectAdapter(connectionFields(url))
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect,
    connectToShadowDb: connect,
  })
  const engine = await loadSchemaEngine().new({ datamodels: undefined }, () => {}, factory)
  return async (from, to) => {
    const params: DiffParams = {
      from: from === undefined ? { tag: 'empty' } : datamodel(from),
      to: datamodel(to),
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    }
    const { stdout } = await engine.diff(params)
    return stdout ?? ''
  }
}

function datamodel(content: string): DiffTarget {
  return { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] }
}

/** The tooling is JavaScript with types in comments, which this compilation does not read. */
async function loadTooling(): Promise<Tooling> {
  const load = async (file: string): Promise<object> =>
    await import(new URL(`../../tooling/schema-engine/src/${file}.js`, import.meta.url).href)
  const parts = await Promise.all(['wasm', 'connection', 'adapter'].map(load))
  return Object.assign({}, ...parts) as Tooling
}
