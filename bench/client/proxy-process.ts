import { startCountingProxy } from '../../test/support/counting-proxy.ts'

/** A counting proxy in a process of its own, so that what it costs is not part of what is measured. */
const [, , url = '', latency = '0'] = process.argv
const proxy = await startCountingProxy(url, Number(latency))
let stop: () => void = () => undefined

process.on('disconnect', () => process.exit())
process.on('message', async (order) => {
  if (order === 'stop') return stop()
  const counted = proxy.count(
    () =>
      new Promise<void>((resolve) => {
        stop = resolve
        process.send?.('counting')
      }),
  )
  process.send?.(await counted)
})
process.send?.(proxy.url)
