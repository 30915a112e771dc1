/** `cumulus dev`, that is `npm run dev`: `wrangler dev`, with the generator watching the lexicons and handlers. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs, parseEnv } from 'node:util'
import { builtPath } from '../../codegen/layout.ts'
import { DEFAULT_PORT, type RawSettings } from '../../src/kernel/config/settings.ts'
import { PACKAGE_ROOT, ROOT, WRANGLER } from '../host/bundle.ts'
import { ensureFirstAccount } from '../host/first-account.ts'
import { lockFolder } from '../host/folder-lock.ts'
import { startLocalPlc } from '../host/local-plc.ts'
import { DEV_VARS } from '../operator/operator.ts'
import { makeSecrets } from '../settings/local.ts'
import { rawCommand } from '../terminal/command.ts'
import { CommandError } from '../terminal/errors.ts'

/** Where wrangler keeps the data; identities go with them. */
const STATE = join(ROOT, '.wrangler', 'state')

const ABOUT = `OPTIONS

  --port <number>  Port to listen on (default: PDS_PORT, in the environment or in .dev.vars)
  …                Options of wrangler dev: npx wrangler dev --help lists them

Settings are in .dev.vars, which the first start makes; docs/configuration.md lists them. Data are in .wrangler/state/.`

export default rawCommand({
  name: 'dev',
  description:
    'Runs the host in development, until Ctrl-C: wrangler dev, with the generator watching lexicons/ and src/handlers/',
  about: ABOUT,
  run,
})

async function run(rawArgs: readonly string[]): Promise<void> {
  const { port, others } = chooseArguments(rawArgs)
  const origin = `http://127.0.0.1:${port}`
  await assertFree(port)
  const settings = readDevVars()
  mkdirSync(STATE, { recursive: true })
  await lockFolder(STATE, 'stop the other `npm run dev`.')
  const plc = await startLocalPlc(settings, join(STATE, 'plc.jsonl'), port)
  // These go before what .dev.vars says.
  const given = { PDS_PORT: String(port), ...(plc && { PDS_DID_PLC_URL: plc.url }) }
  const vars = Object.entries(given).flatMap(([name, value]) => ['--var', `${name}:${value}`])
  const place = ['--ip', '127.0.0.1', '--port', String(port)]
  const ended = runTogether([
    start(join(PACKAGE_ROOT, builtPath('codegen/cli.ts')), '--watch'),
    start(WRANGLER, 'dev', ...place, ...vars, ...others),
  ])
  if (!(await isUp(origin, ended))) return
  const first = await ensureFirstAccount(origin, settings)
  const handle = typeof first === 'string' ? 'the account of earlier' : first.handle
  // Without --host the command looks into .dev.vars.
  const where = port === Number(settings.PDS_PORT) ? '' : `--host http://localhost:${port} `
  process.stdout.write(
    `Sign in at http://localhost:${port} as ${handle}; the password is PDS_FIRST_PASSWORD in .dev.vars.\n` +
      `More accounts: npx cumulus account create --dev ${where}bob.test\n` +
      (plc ? `The PLC directory is ${plc.url}; docs/local-development.md connects an app.\n` : ''),
  )
}

/** The port that counts: `--port`, PDS_PORT, .dev.vars. What else is given is wrangler's. @throws CommandError */
function chooseArguments(args: readonly string[]): { port: number; others: string[] } {
  const { tokens } = parseArgs({
    args: [...args],
    options: { port: { type: 'string' } },
    strict: false,
    tokens: true,
    allowPositionals: true,
  })
  const given = tokens.findLast((token) => token.kind === 'option' && token.name === 'port')
  const asked = given?.kind === 'option' ? (given.value ?? '') : undefined
  const kept = existsSync(DEV_VARS) ? parseEnv(readFileSync(DEV_VARS, 'utf8')).PDS_PORT : undefined
  const text = asked ?? process.env.PDS_PORT ?? kept ?? String(DEFAULT_PORT)
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new CommandError(`The port must be a number from 1 to 65535 (it is "${text}").`)
  }
  const own = tokens.flatMap((token) => {
    if (token.kind !== 'option' || token.name !== 'port') return []
    return token.inlineValue ? [token.index] : [token.index, token.index + 1]
  })
  return { port, others: args.filter((_, index) => !own.includes(index)) }
}

/** Whoever answers there would be taken for the server that is started. @throws CommandError */
async function assertFree(port: number): Promise<void> {
  const probe = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (!isFree) {
    throw new CommandError(
      `Port ${port} is in use: stop what listens there (\`npm start\`?), or choose another, as in npm run dev -- --port 2600`,
    )
  }
  await new Promise((resolve) => probe.close(resolve))
}

/** The settings of development, made at the first start. */
function readDevVars(): RawSettings {
  if (!existsSync(DEV_VARS)) {
    const made = Object.entries(makeSecrets({}))
    const lines = [
      '# Settings of `npm run dev`, made at its first start. docs/configuration.md lists all of them.',
      'PDS_DEV_MODE=true',
      `PDS_PORT=${DEFAULT_PORT}`,
      ...made.map(([name, value]) => `${name}=${value}`),
      `PDS_FIRST_PASSWORD=${randomBytes(24).toString('base64url')}`,
    ]
    writeFileSync(DEV_VARS, `${lines.join('\n')}\n`, { mode: 0o600 })
    process.stdout.write('+ .dev.vars\n')
  }
  return parseEnv(readFileSync(DEV_VARS, 'utf8'))
}

function start(...args: string[]): ChildProcess {
  // Without this wrangler asks Cloudflare about the machine's place at each start.
  const env = { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: 'false' }
  return spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env })
}

/** When one ends, the other has nothing to do any more. @returns aborted then */
function runTogether(children: readonly ChildProcess[]): AbortSignal {
  const ended = new AbortController()
  for (const child of children) {
    child.once('exit', (code) => {
      ended.abort()
      for (const other of children) other.kill()
      process.exitCode ||= code ?? 0
    })
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      for (const child of children) child.kill()
    })
  }
  return ended.signal
}

/** Waits for the server; false when it ended instead. */
async function isUp(origin: string, ended: AbortSignal): Promise<boolean> {
  while (!ended.aborted) {
    const answer = await fetch(`${origin}/xrpc/_health`).catch(() => undefined)
    if (answer?.ok) return true
    await wait(200)
  }
  return false
}
