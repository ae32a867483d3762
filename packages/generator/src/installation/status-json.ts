import type { InstallationStatus } from './installation-status.ts'

/**
 * A status as JSON, for CI and monitoring; its shape is documented in docs/status.md, and stays.
 *
 *     {"version":1,"isInstalled":false,"database":"shop","schema":"audit","histories":[{"model":"Order","state":"disabled","findings":[…]}]}
 */
export function renderStatusJson(status: InstallationStatus): string {
  return JSON.stringify({ version: 1, ...status }, undefined, 2)
}
