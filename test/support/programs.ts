import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const cache = fileURLToPath(new URL('program-cache.cjs', import.meta.url))

/** Has every program of Node.js that the run starts from now on start quickly: see `program-cache.cjs`. */
export async function quickenPrograms(): Promise<void> {
  const require = createRequire(import.meta.url)
  const { bundleOf }: { bundleOf(filename: string): string } = require(cache)
  const ofPrisma = createRequire(require.resolve('prisma/package.json'))
  const effect = createRequire(ofPrisma.resolve('@prisma/config')).resolve('effect')
  const bundle = bundleOf(effect)
  if (!existsSync(bundle)) {
    mkdirSync(dirname(bundle), { recursive: true })
    const made = `${bundle}.${process.pid}`
    await build({ entryPoints: [effect], outfile: made, bundle: true, platform: 'node', format: 'cjs' })
    renameSync(made, bundle)
  }
  process.env.NODE_OPTIONS = `--require ${JSON.stringify(cache)}`
}
