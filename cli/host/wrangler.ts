/** Runs Cloudflare's own program. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from './bundle.ts'

/** Names another program that takes the place of wrangler: a stand-in in tests, or a newer one. */
const OTHER = 'CUMULUS_WRANGLER'

export interface WranglerResult {
  code: number
  stdout: string
  stderr: string
}

export interface WranglerOptions {
  /** What it reads: secrets travel this way, and never among the arguments, which everybody on the machine may read. */
  input?: string
  /** Whether it shows its output as it comes and may ask (`wrangler login`). */
  interactive?: boolean
}

/** Runs wrangler to its end, in the project's folder. Its output is returned, not shown, unless it is interactive. */
export function runWrangler(
  args: readonly string[],
  { input, interactive = false }: WranglerOptions = {},
): Promise<WranglerResult> {
  const program = process.env[OTHER] ?? join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js')
  const stdin = input === undefined ? (interactive ? 'inherit' : 'ignore') : 'pipe'
  const output = interactive ? 'inherit' : 'pipe'
  const child = spawn(process.execPath, [program, ...args], {
    cwd: ROOT,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
    stdio: [stdin, output, output],
  })
  // One that has ended already reads nothing; its exit code says why.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }))
  })
}
