/**
 * Answers the requests of `warm-process.ts`: for each this process has the folder and the environment that the command is started with.
 *
 * @param start starts a command by its arguments, and tells with which exit code it has ended, and whether this process ends with it
 */
export function answerRequests(start) {
  process.on('message', ({ args, cwd, env, mark }) => {
    process.chdir(cwd)
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
    Object.assign(process.env, env)
    start(args, (exitCode, isLast = false, whenSent = () => {}) => {
      for (const stream of [process.stdout, process.stderr]) stream.write(mark)
      process.send({ exitCode, isLast }, whenSent)
    })
  })
  process.on('disconnect', () => process.reallyExit())
}
