import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { OperationName } from './operation.ts'
import type { VariantFiles, VariantName } from './variant.ts'

export type Order = { readonly url: string } & (
  | { readonly kind: 'prepare'; readonly operation: OperationName }
  | {
      readonly kind: 'operate'
      readonly operation: OperationName
      readonly warm: number
      readonly calls: number
    }
  | { readonly kind: 'extend'; readonly calls: number }
)

/** What each call took, or why the operation does not run. */
export type Answer = Measured | { readonly error: string }

export interface Measured {
  /** Milliseconds; microseconds of `extend`. */
  readonly times: readonly number[]
  /** Microseconds that this process had the processor, garbage collection included. */
  readonly work: readonly number[]
}

/** The process of one variant. */
export interface VariantWorker {
  readonly name: VariantName
  run(order: Order): Promise<Answer>
  close(): void
}

export function startVariant(name: VariantName, files: VariantFiles): VariantWorker {
  const file = fileURLToPath(new URL('variant-process.ts', import.meta.url))
  const child = fork(file, [name, JSON.stringify(files)])
  const exited = once(child, 'exit').then((): Answer => ({ error: 'its process ended' }))
  return {
    name,
    async run(order) {
      const answered = once(child, 'message').then(([answer]): Answer => answer)
      if (child.connected) child.send(order)
      return Promise.race([answered, exited])
    },
    close: () => void child.kill(),
  }
}
