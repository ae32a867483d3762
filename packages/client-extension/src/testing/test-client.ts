/** A Prisma Client, audited or not, or a client or pool of `pg`; stated so that nobody needs the types of either. */
export type TestClient =
  | {
      $queryRawUnsafe(text: string): PromiseLike<unknown>
      $executeRawUnsafe(text: string): PromiseLike<unknown>
    }
  | { query(text: string): PromiseLike<{ readonly rows: readonly object[] }> }

/** The rows of a statement without parameters. */
export async function rowsOf(client: TestClient, text: string): Promise<readonly unknown[]> {
  if ('query' in client && typeof client.query === 'function') return (await client.query(text)).rows
  const rows = await (client as Extract<TestClient, { $queryRawUnsafe: unknown }>).$queryRawUnsafe(text)
  return Array.isArray(rows) ? rows : []
}

/** Runs a statement that gives no rows. */
export async function execute(client: TestClient, text: string): Promise<void> {
  if ('query' in client && typeof client.query === 'function') await client.query(text)
  else await (client as Extract<TestClient, { $queryRawUnsafe: unknown }>).$executeRawUnsafe(text)
}
