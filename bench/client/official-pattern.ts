import type { LedgerClient } from '../../packages/client-extension/test/fixture/ledger-client.ts'

interface HookCall {
  readonly args: unknown
  readonly query: (args: unknown) => Promise<unknown>
}

/**
 * The query hook of Prisma's own examples (prisma-client-extensions, `audit-log-context` and `row-level-security`), with
 * the name of this audit's setting. As there, it covers models and no raw calls.
 */
export function forUser(user: string) {
  return (prisma: LedgerClient): LedgerClient =>
    prisma.$extends({
      query: {
        $allModels: {
          async $allOperations({ args, query }: HookCall) {
            const [, result] = await prisma.$transaction([
              prisma.$executeRaw`SELECT set_config('audit.username', ${user}, TRUE)`,
              query(args),
            ])
            return result
          },
        },
      },
    })
}
