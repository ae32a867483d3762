import type { Subject } from './operation.ts'

/** Microseconds that one extended client takes to make, without a use of it. */
export function extensionCost(subject: Subject, calls: number): number {
  for (let call = 0; call < calls / 10; call += 1) subject.forRequest()
  const start = performance.now()
  for (let call = 0; call < calls; call += 1) subject.forRequest()
  return ((performance.now() - start) * 1000) / calls
}
