import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const pnpm = ['--yes', 'pnpm@10.34.9']
const exec = promisify(execFile)

/** A folder where the packed packages are installed, with applications in folders of their own. */
export type Installation = {
  readonly dir: string
  readonly tarballs: Readonly<Record<'generator' | 'client-extension' | 'viewer', string>>
  /** Runs a command that is installed there, in `folder`; rejects with all its output when it fails. */
  run(folder: string, command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string>
  remove(): Promise<void>
}

/** The versions that this repository itself is tested with. */
const dependencies = {
  '@prisma/adapter-pg': '7.10.1',
  '@prisma/client': '7.10.0',
  '@types/node': '^20.19.0',
  '@types/pg': '^8.23.0',
  jest: '^30.0.0',
  pg: '^8.23.0',
  prisma: '7.10.1',
  typescript: '7.0.2',
}

/** Packs the packages as they would be published, and installs them beside `applications`. */
export async function installPacked(
  applications: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<Installation> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'prisma-audit-packages-')))
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(dir, path)), { recursive: true })
    await writeFile(join(dir, path), text)
  }
  const pack = async (name: string) => {
    const target = join(dir, 'packed', name)
    const args = [...pnpm, 'pack', '--pack-destination', target]
    await exec('npx', args, { cwd: join(repository, 'packages', name) })
    const [tarball] = await readdir(target)
    if (!tarball) throw new Error(`pnpm pack made nothing of packages/${name}.`)
    return join(target, tarball)
  }
  const tarballs = {
    generator: await pack('generator'),
    'client-extension': await pack('client-extension'),
    viewer: await pack('viewer'),
  }
  const manifest = {
    name: 'installation',
    private: true,
    dependencies: {
      ...dependencies,
      'prisma-generator-audit': `file:${tarballs.generator}`,
      'prisma-extension-audit': `file:${tarballs['client-extension']}`,
      'prisma-audit-viewer': `file:${tarballs.viewer}`,
    },
  }
  await write('package.json', JSON.stringify(manifest))
  for (const [folder, files] of Object.entries(applications)) {
    for (const [path, text] of Object.entries(files)) await write(join(folder, path), text)
  }
  const install = ['install', '--prefer-offline', '--ignore-workspace', '--ignore-scripts', '--no-lockfile']
  await run(dir, 'npx', [...pnpm, ...install], {})
  const path = [join(dir, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  return {
    dir,
    tarballs,
    run: (folder, command, args, env) => run(join(dir, folder), command, args, { PATH: path, ...env }),
    remove: () => rm(dir, { recursive: true, force: true }),
  }
}

async function run(
  cwd: string,
  command: string,
  args: readonly string[],
  extra: NodeJS.ProcessEnv,
): Promise<string> {
  const { CI: _, NODE_OPTIONS: __, VITEST: ___, NODE_ENV: ____, ...inherited } = process.env
  const env = {
    PRISMA_SCHEMA_ENGINE_BINARY: join(repository, 'tooling/schema-engine/schema-engine.js'),
    ...inherited,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    NO_COLOR: '1',
    ...extra,
  }
  try {
    const { stdout } = await exec(command, args, { cwd, env, maxBuffer: 2 ** 26 })
    return stdout
  } catch (error) {
    const output = ['stdout', 'stderr'].map((name) => Reflect.get(Object(error), name)).join('\n')
    throw new Error(`${command} ${args.join(' ')}\n${output}`, { cause: error })
  }
}
