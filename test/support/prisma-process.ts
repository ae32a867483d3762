import {
  type CommandAnswer,
  type CommandRequest,
  startWarmProcess,
  type WarmProcess,
} from './warm-process.ts'

interface Runner {
  readonly process: WarmProcess
  commands: number
}

/** Each leaves seven megabytes and more behind, measured with `validate`, of which Node.js gives nothing back. */
const MOST_COMMANDS = 30

const idle: Runner[] = []

/** Runs `prisma <args>`, the real command line, in a process that may have run a command of it before. */
export async function runPrismaInProcess(request: CommandRequest): Promise<CommandAnswer> {
  const runner = idle.pop() ?? { process: startWarmProcess('prisma-runner.js'), commands: 0 }
  const answer = await runner.process.run(request)
  runner.commands += 1
  if (!runner.process.isAlive) return answer
  if (runner.commands < MOST_COMMANDS) idle.push(runner)
  else runner.process.end()
  return answer
}
