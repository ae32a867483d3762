import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * The arguments of the `prisma` command that started this process, nearest first; undefined where none is
 * found. A generator is told neither of `--watch` nor of `--config`; its ancestors' command lines do (Prisma
 * starts generators through a shell). Read from /proc on Linux, from `ps` elsewhere, and not at all on Windows.
 */
export function findPrismaCommand(pid: number = process.ppid): readonly string[] | undefined {
  let at = pid
  for (let distance = 0; distance < 6 && at > 1; distance++) {
    const found = readProcess(at)
    if (!found) return undefined
    const verb = found.args.findIndex((arg) => arg === 'generate' || arg === 'migrate' || arg === 'db')
    if (verb > 0 && found.args.slice(0, verb).some((arg) => /\bprisma\b/.test(arg))) return found.args
    at = found.parent
  }
  return undefined
}

/** The value of `--name value` or `--name=value`. */
export function argumentOf(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name)
  if (at !== -1) return args[at + 1]
  return args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1)
}

function readProcess(pid: number): { args: string[]; parent: number } | undefined {
  try {
    if (process.platform === 'linux') {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      // The second field, a name in parentheses, may itself hold spaces and parentheses.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      return { args: args.filter((arg) => arg !== ''), parent }
    }
    if (process.platform === 'win32') return undefined
    const line = execFileSync('ps', ['-o', 'ppid=,args=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: 2000,
    })
    const [parent = '', ...args] = line.trim().split(/\s+/)
    return { args, parent: Number(parent) }
  } catch {
    return undefined
  }
}
