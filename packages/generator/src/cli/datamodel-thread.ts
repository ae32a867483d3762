import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import prisma from '@prisma/prisma-schema-wasm'

/** What runs there. A text of its own: it needs nothing of ours, and starts in a few milliseconds. */
const THREAD = `const { parentPort, workerData } = require('node:worker_threads')
parentPort.postMessage(require(workerData.parser).get_datamodel(workerData.params))`

const parser = createRequire(import.meta.url).resolve('@prisma/prisma-schema-wasm')

/**
 * Reads a data model with Prisma's parser in a thread of its own: of a large schema that takes as long as the migrations
 * folder does, which is read meanwhile. Where no thread can be had, or where it fails, the work is done here.
 *
 * @param params the JSON that `get_datamodel` takes
 * @returns the JSON that it gives
 * @throws what the parser throws for a schema that Prisma does not accept
 */
export async function readDatamodel(params: string): Promise<string> {
  const found = await inThread(params)
  return found ?? prisma.get_datamodel(params)
}

function inThread(params: string): Promise<string | undefined> {
  return new Promise((settle) => {
    try {
      new Worker(THREAD, { eval: true, workerData: { parser, params }, execArgv: [] })
        .once('message', settle)
        .once('error', () => settle(undefined))
        .once('exit', () => settle(undefined))
    } catch {
      settle(undefined)
    }
  })
}
