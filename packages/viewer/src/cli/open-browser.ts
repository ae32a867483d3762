import { spawn } from 'node:child_process'

const COMMANDS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** Opens a link in the person's browser. Where there is none nothing happens: the link stands in the terminal. */
export function openBrowser(link: string): void {
  const [command, ...args] = COMMANDS[process.platform] ?? (['xdg-open'] as const)
  const browser = spawn(command, [...args, link], { stdio: 'ignore', detached: true })
  browser.on('error', () => {})
  browser.unref()
}
