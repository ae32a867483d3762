import type { Change } from './change-project.ts'

/** A change of the reference schema; each goes on from the one before. */
export interface Step {
  readonly name: string
  readonly change: () => Change
  /** Tables that are not recorded all the while. */
  readonly unaudited?: readonly string[]
  /** Left out of a quick run. */
  readonly isSlow?: true
}

export interface SchemaEditor {
  text(): string
  /** Blanks of `from` stand for any number of them. */
  readonly edit: (from: string, to: string) => string
}

export function editSchema(text: string): SchemaEditor {
  let schema = text
  return {
    text: () => schema,
    edit(from, to) {
      const words = from.split(/\s+/).map((word) => word.replace(/[^\w]/g, '\\$&'))
      const pattern = new RegExp(words.join('\\s+'))
      if (!pattern.test(schema)) throw new Error(`the schema has no ${from}`)
      schema = schema.replace(pattern, to)
      return schema
    },
  }
}

/** What needs no lock on the history that its readers hold against it. */
export function stepsWithoutLock({ edit }: SchemaEditor): readonly Step[] {
  return [
    {
      name: 'a column is dropped',
      change: () => ({
        schema: edit('text String? @db.Text', ''),
        draft: 'ALTER TABLE "Review" DROP COLUMN "text";\n',
      }),
    },
    {
      name: 'the key changes',
      change: () => {
        edit(
          '@@unique([customerId, productId])',
          '@@id([id, productId])\n  @@unique([customerId, productId])',
        )
        return {
          schema: edit(
            'model Review {\n  id         Int       @id @default',
            'model Review {\n  id         Int       @default',
          ),
          draft: `ALTER TABLE "Review" DROP CONSTRAINT "Review_pkey",
ADD CONSTRAINT "Review_pkey" PRIMARY KEY ("id", "product_id");\n`,
        }
      },
    },
    {
      name: 'a setting gets a default',
      isSlow: true,
      change: () => ({ schema: edit('"username String"', '"username String @default(\\"system\\")"') }),
    },
    {
      name: 'TRUNCATE is refused from now on',
      change: () => ({
        schema: edit('@audit(enabled)\nmodel Review', '@audit(enabled, truncate: refuse)\nmodel Review'),
      }),
    },
    {
      name: 'a model is audited no more',
      unaudited: ['Review'],
      change: () => ({
        schema: edit('@audit(enabled, truncate: refuse)\nmodel Review', '@audit(disabled)\nmodel Review'),
      }),
    },
    {
      name: 'a model is audited again',
      unaudited: ['Review'],
      change: () => ({ schema: edit('@audit(disabled)\nmodel Review', '@audit(enabled)\nmodel Review') }),
    },
  ]
}

/** What needs the history for itself, if only for a moment. */
export function stepsThatWait({ edit }: SchemaEditor): readonly Step[] {
  return [
    {
      name: 'a column is added',
      change: () => ({
        schema: edit('delta Int', 'delta Int\n  note String?'),
        draft: 'ALTER TABLE "StockMovement" ADD COLUMN "note" TEXT;\n',
      }),
    },
    {
      name: 'a column gets a wider type',
      isSlow: true,
      change: () => ({
        schema: edit('@db.VarChar(80)\n  at', '@db.VarChar(120)\n  at'),
        draft: 'ALTER TABLE "StockMovement" ALTER COLUMN "user" SET DATA TYPE VARCHAR(120);\n',
      }),
    },
    {
      name: 'a column gets another type',
      isSlow: true,
      change: () => ({
        schema: edit('delta Int', 'delta BigInt'),
        draft: 'ALTER TABLE "StockMovement" ALTER COLUMN "delta" SET DATA TYPE BIGINT;\n',
      }),
    },
    {
      name: 'a required setting is added',
      isSlow: true,
      change: () => ({ schema: edit('"reason String?"', '"reason String?", "channel String"') }),
    },
    {
      name: 'missing settings are recorded from now on',
      isSlow: true,
      change: () => ({
        schema: edit('lockTimeout =', 'missingSettings = "record"\n  lockTimeout ='),
      }),
    },
    {
      name: 'missing settings are refused again',
      isSlow: true,
      change: () => ({ schema: edit('missingSettings = "record"', '') }),
    },
    {
      name: 'a required setting is removed',
      isSlow: true,
      change: () => ({ schema: edit(', "channel String"', '') }),
    },
  ]
}
