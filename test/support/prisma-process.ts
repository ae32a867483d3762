import {
  type CommandAnswer,
  type CommandRequest,
  startWarmProcess,
  type WarmProcess,
} from './warm-process.ts'

const idle: WarmProcess[] = []

/** Runs `prisma <args>`, the real command line, in a process that may have run a command of it before. */
export async function runPrismaInProcess(request: CommandRequest): Promise<CommandAnswer> {
  const runner = idle.pop() ?? startWarmProcess('prisma-runner.js')
  const answer = await runner.run(request)
  if (runner.isAlive) idle.push(runner)
  return answer
}
