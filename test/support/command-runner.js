import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommandLine } from '../../packages/generator/dist/cli/command-line.js'
import { answerRequests } from './command-requests.js'

/** Runs the commands that it is sent, one after the other, each in its folder and with its environment. */
const { version } = JSON.parse(
  readFileSync(new URL('../../packages/generator/package.json', import.meta.url), 'utf8'),
)

answerRequests(async (args, answer) => {
  let exitCode
  try {
    exitCode = await runCommandLine(args, version)
  } catch (error) {
    // As Node says it of a process of its own.
    process.stderr.write(`${error?.stack ?? error}\n`)
    exitCode = 1
  }
  const open = await leftOpen()
  if (open.length > 0) {
    process.stderr.write(`The command would not have ended: it left ${open.join(', ')} open.\n`)
    exitCode = -1
  }
  answer(exitCode)
})

/** What would keep a process alive; it may take a moment to be closed. */
async function leftOpen() {
  let open = []
  for (let attempt = 0; attempt < 100; attempt += 1) {
    open = process.getActiveResourcesInfo().filter((kind) => HOLDING.has(kind))
    if (open.length === 0) return open
    await sleep(20)
  }
  return open
}

const HOLDING = new Set([
  'TCPSocketWrap',
  'ProcessWrap',
  'Timeout',
  'FSReqPromise',
  'GetAddrInfoReqWrap',
  'Worker',
])
