import { type Fragment, statement } from '../fragment.ts'
import type { RawClient, Row } from '../reader.ts'

export async function query(tx: RawClient, fragment: Fragment): Promise<readonly Row[]> {
  const { text, values } = statement(fragment)
  return (await tx.$queryRawUnsafe(text, ...values)) as readonly Row[]
}

export async function execute(tx: RawClient, fragment: Fragment): Promise<number> {
  const { text, values } = statement(fragment)
  return (await tx.$executeRawUnsafe(text, ...values)) as number
}
