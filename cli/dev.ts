/** `npm run dev`: `wrangler dev`, with the generator watching the lexicons and handlers. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseEnv } from 'node:util'
import type { RawSettings } from '../src/kernel/config/settings.ts'
import { ROOT } from './bundle.ts'
import { ensureFirstAccount } from './first-account.ts'
import { reportErrors } from './report-errors.ts'
import { makeSecrets } from './settings.ts'

const DEV_VARS = join(ROOT, '.dev.vars')
const PORT = 2583
const ORIGIN = `http://127.0.0.1:${PORT}`

const settings = readDevVars()
const wrangler = join(ROOT, 'node_modules', 'wrangler', 'bin', 'wrangler.js')
const children = [
  run(join(ROOT, 'codegen', 'cli.ts'), '--watch'),
  run(wrangler, 'dev', '--ip', '127.0.0.1', '--port', String(PORT), ...process.argv.slice(2)),
]
let ended = false
for (const child of children) {
  // When one ends, the other has nothing to do any more.
  child.once('exit', (code) => {
    ended = true
    for (const other of children) other.kill()
    process.exitCode ||= code ?? 0
  })
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const child of children) child.kill()
  })
}
await reportErrors(async () => {
  if (!(await isUp())) return
  const first = await ensureFirstAccount(ORIGIN, settings)
  const handle = first?.handle ?? 'the account of earlier'
  process.stdout.write(`Sign in as ${handle}; the password is PDS_FIRST_PASSWORD in .dev.vars\n`)
})

/** The settings of development, made at the first start. */
function readDevVars(): RawSettings {
  if (!existsSync(DEV_VARS)) {
    const made = Object.entries(makeSecrets({}))
    const lines = [
      '# Settings of `npm run dev`, made at its first start. docs/configuration.md lists all of them.',
      'PDS_DEV_MODE=true',
      `PDS_PORT=${PORT}`,
      ...made.map(([name, value]) => `${name}=${value}`),
      `PDS_FIRST_PASSWORD=${randomBytes(24).toString('base64url')}`,
    ]
    writeFileSync(DEV_VARS, `${lines.join('\n')}\n`, { mode: 0o600 })
    process.stdout.write('+ .dev.vars\n')
  }
  return parseEnv(readFileSync(DEV_VARS, 'utf8'))
}

function run(...args: string[]): ChildProcess {
  // Without this wrangler asks Cloudflare about the machine's place at each start.
  const env = { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: 'false' }
  return spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env })
}

/** Waits for the server; false when it ended instead. */
async function isUp(): Promise<boolean> {
  while (!ended) {
    const answer = await fetch(`${ORIGIN}/xrpc/_health`).catch(() => undefined)
    if (answer?.ok) return true
    await wait(200)
  }
  return false
}
