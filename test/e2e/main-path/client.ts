import type { AuditContextExtension } from 'prisma-extension-audit'

type Row = Readonly<Record<string, unknown>>

/** What these tests use of a generated model. */
export interface Model {
  create(args: object): Promise<Row>
  createMany(args: object): Promise<{ count: number }>
  createManyAndReturn(args: object): Promise<Row[]>
  update(args: object): Promise<Row>
  updateMany(args: object): Promise<{ count: number }>
  updateManyAndReturn(args: object): Promise<Row[]>
  upsert(args: object): Promise<Row>
  delete(args: object): Promise<Row>
  deleteMany(args?: object): Promise<{ count: number }>
  findMany(args?: object): Promise<Row[]>
  count(args?: object): Promise<number>
}

interface Calls<Models extends string> {
  $queryRaw<T = Row[]>(text: TemplateStringsArray, ...values: unknown[]): Promise<T>
  $executeRaw(text: TemplateStringsArray, ...values: unknown[]): Promise<number>
  $queryRawUnsafe<T = Row[]>(text: string, ...values: unknown[]): Promise<T>
  $executeRawUnsafe(text: string, ...values: unknown[]): Promise<number>
  $transaction<T>(body: (tx: Transaction<Models>) => Promise<T>, options?: object): Promise<T>
  $transaction(calls: readonly Promise<unknown>[], options?: object): Promise<unknown[]>
}

export type Transaction<Models extends string> = Calls<Models> & { readonly [M in Models]: Model }

export type Client<Models extends string> = Transaction<Models> & {
  $extends(extension: AuditContextExtension): Client<Models>
  $disconnect(): Promise<void>
}
