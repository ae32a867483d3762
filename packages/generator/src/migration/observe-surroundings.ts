import { accessSync, closeSync, constants, existsSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findPrismaCommand } from './prisma-command.ts'
import type { Surroundings } from './write-decision.ts'

/** Gathers the facts for `writeDecision` from this process and its folder. */
export function observeSurroundings(dir: string, write: Surroundings['write']): Surroundings {
  return {
    write,
    env: process.env,
    isWatch: findPrismaCommand()?.includes('--watch') ?? false,
    hasTerminal: hasTerminal(),
    insideGitWorkTree: isInsideGitWorkTree(dir),
    folderWritable: isWritable(dir),
  }
}

/** A generator's own streams are pipes: whether somebody sits there shows in the controlling terminal. */
function hasTerminal(): boolean {
  if (process.stdin.isTTY || process.stdout.isTTY) return true
  try {
    closeSync(openSync(process.platform === 'win32' ? '\\\\.\\CONIN$' : '/dev/tty', 'r+'))
    return true
  } catch {
    return false
  }
}

/** `.git` is a directory in a clone, a file in a linked work tree or a submodule. */
function isInsideGitWorkTree(dir: string): boolean {
  for (let at = dir; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return true
    if (dirname(at) === at) return false
  }
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK)
    return true
  } catch {
    return false
  }
}
