/** Commands of the project, run as somebody would beside a server. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Ran {
  code: number | null
  /** What it printed, errors included. */
  output: string
}

const CUMULUS = join(import.meta.dirname, '../../cli/cumulus.ts')

/** Runs `npx cumulus` with only these settings. */
export const runCumulus = (args: readonly string[], env: Record<string, string> = {}) =>
  runCommand(CUMULUS, args, env)

/** Runs a TypeScript file with only these settings. */
export function runCommand(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<Ran> {
  const child = spawn(process.execPath, [file, ...args], {
    // A developer's own settings are none of the tests'.
    env: { PATH: process.env.PATH, CUMULUS_ENV_FILE: '', ...env },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}
