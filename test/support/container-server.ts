import { spawnSync } from 'node:child_process'

/** True where a Docker engine answers within two seconds; a client without an engine is not enough. */
export function dockerAnswers(): boolean {
  const version = ['version', '--format', '{{.Server.Version}}']
  return spawnSync('docker', version, { timeout: 2000, stdio: 'ignore' }).status === 0
}

const settings = [
  'max_connections=300',
  'fsync=off',
  'synchronous_commit=off',
  'shared_preload_libraries=pg_stat_statements',
  'wal_level=logical',
]

/** Starts PostgreSQL 18 in a container. Testcontainers' own reaper removes it if this process is killed. */
export async function startContainerServer(): Promise<{ url: string; stop(): Promise<void> }> {
  // Slow to load, and of no use without Docker.
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const container = await new PostgreSqlContainer('postgres:18-alpine')
    .withTmpFs({ '/var/lib/postgresql': 'rw' })
    .withCommand(['postgres', ...settings.flatMap((setting) => ['-c', setting])])
    .withStartupTimeout(120_000)
    .start()
  return {
    url: container.getConnectionUri().replace(/^postgres:/, 'postgresql:'),
    async stop() {
      await container.stop()
    },
  }
}
