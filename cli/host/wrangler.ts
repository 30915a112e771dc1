/** Runs Cloudflare's own program. */
import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { ROOT, WRANGLER } from './bundle.ts'

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

/** Why it failed: its line with ERROR, or the last one. */
export function reasonIn(stdout: string, stderr: string): string {
  const lines = stripVTControlCharacters(`${stdout}\n${stderr}`)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('🪵'))
  const error = lines.find((line) => line.includes('[ERROR]')) ?? lines.at(-1)
  return error?.replace(/^.*\[ERROR\]\s*/, '') ?? 'nothing'
}

/** Runs wrangler to its end, in the project's folder. Its output is returned, not shown, unless it is interactive. */
export function runWrangler(
  args: readonly string[],
  { input, interactive = false }: WranglerOptions = {},
): Promise<WranglerResult> {
  const program = process.env[OTHER] ?? WRANGLER
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
  // A character may come in two pieces.
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }))
  })
}
