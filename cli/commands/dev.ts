/**
 * `cumulus dev`, that is `npm run dev`: `wrangler dev`, with the generator watching the lexicons and handlers, and what is
 * around a host: a directory, an AppView, a consumer of the firehose, mail.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs, parseEnv } from 'node:util'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { builtPath } from '../../codegen/layout.ts'
import { DEFAULT_PORT, type RawSettings } from '../../src/kernel/config/settings.ts'
import { tapFirehose } from '../dev/firehose-tap.ts'
import { HostAnswers } from '../dev/host-answers.ts'
import { hasSeeds, loadSeeds, SEEDS } from '../dev/load-seeds.ts'
import { MailWatch } from '../dev/mails.ts'
import { startDevNetwork } from '../dev/network.ts'
import { writeOutput } from '../dev/output.ts'
import { PACKAGE_ROOT, ROOT, WRANGLER } from '../host/bundle.ts'
import { ensureFirstAccount, isLocal } from '../host/first-account.ts'
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
  --seed           Writes what src/seeds.ts says, also where there are accounts; into an empty host it is written anyway
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
  const seedsAgain = rawArgs.includes('--seed')
  if (seedsAgain && !hasSeeds()) {
    throw new CommandError(`There is no ${SEEDS}: docs/local-development.md shows one.`)
  }
  const { port, others } = chooseArguments(rawArgs.filter((arg) => arg !== '--seed'))
  const origin = `http://127.0.0.1:${port}`
  await assertFree(port)
  const settings = readDevVars()
  mkdirSync(STATE, { recursive: true })
  await lockFolder(STATE, 'stop the other `npm run dev`.')
  const plc = await startLocalPlc(settings, join(STATE, 'plc.jsonl'), port)
  const host = new HostAnswers(origin)
  const network = await startDevNetwork(host, Math.max(0, port - 2), print)
  const hasAppView = settings.PDS_BSKY_APP_VIEW_URL !== undefined
  // These go before what .dev.vars says.
  const given = {
    PDS_PORT: String(port),
    ...(plc && { PDS_DID_PLC_URL: plc.url }),
    ...(!hasAppView && {
      PDS_BSKY_APP_VIEW_URL: network.url,
      PDS_BSKY_APP_VIEW_DID: network.appviewDid,
    }),
  }
  const vars = Object.entries(given).flatMap(([name, value]) => ['--var', `${name}:${value}`])
  const place = ['--ip', '127.0.0.1', '--port', String(port)]
  const mails = new MailWatch(host, print)
  const onEvent = (event: string): boolean => {
    if (host.tookPart(event) || event.includes('"path":"/xrpc/_health"')) return false
    if (event.includes('"method":"POST"')) for (const ms of MAIL_AFTER) setTimeout(lookForMails, ms)
    return true
  }
  const lookForMails = () => void mails.look()
  const codegen = start(join(PACKAGE_ROOT, builtPath('codegen/cli.ts')), '--watch')
  // Small is not what counts here: it would take longer, and hide where things are.
  const wrangler = start(WRANGLER, 'dev', ...place, '--minify=false', ...vars, ...others)
  for (const [child, out] of [codegen, wrangler].flatMap((one) => [
    [one.stdout, process.stdout] as const,
    [one.stderr, process.stderr] as const,
  ])) {
    if (child) writeOutput(child, out, { root: ROOT, onEvent })
  }
  const ended = runTogether([codegen, wrangler])
  if (!(await isUp(origin, ended))) return
  await mails.begin()
  tapFirehose(host, print, ended)
  const made = await begin(host, settings, seedsAgain)
  // Without --host the command looks into .dev.vars.
  const where = port === Number(settings.PDS_PORT) ? '' : `--host http://localhost:${port} `
  process.stdout.write(
    `Sign in at http://localhost:${port} as ${made}; the password is PDS_FIRST_PASSWORD in .dev.vars.\n` +
      `More accounts: npx cumulus account create --dev ${where}bob.test\n` +
      `Mails: ${network.url}/mail\n` +
      (hasAppView ? '' : `The AppView is a stand-in at ${network.url}.\n`) +
      (plc
        ? `The PLC directory is ${plc.url}; docs/local-development.md connects an app.\n`
        : '\n'),
  )
}

/** After a request that may have caused a mail, in ms: most are written at once, some by background jobs. */
const MAIL_AFTER = [200, 2_000]

const print = (line: string): void => void process.stdout.write(`${escapeControls(line)}\n`)

/** Accounts to begin with: those of the seeds, or one. @returns who can sign in, in words */
async function begin(
  host: HostAnswers,
  settings: RawSettings,
  seedsAgain: boolean,
): Promise<string> {
  const isEmpty = (await host.accounts()).length === 0
  // A public host would register them for good.
  if (hasSeeds() && isLocal(settings) && (isEmpty || seedsAgain)) await sowSeeds(host, settings)
  const first = await ensureFirstAccount(host.origin, settings)
  if (typeof first !== 'string') return first.handle
  const all = await Promise.all((await host.accounts()).slice(0, 5).map((did) => host.account(did)))
  return all.map((account) => account?.handle ?? '').join(', ') || 'the account of earlier'
}

/** What is wrong with them is said; the host goes on. */
async function sowSeeds({ origin }: HostAnswers, settings: RawSettings): Promise<void> {
  const { PDS_ADMIN_PASSWORD: adminPassword = '', PDS_FIRST_PASSWORD: password = '' } = settings
  const didMethod = settings.PDS_FIRST_DID_METHOD === 'web' ? 'web' : 'plc'
  const send = (path: string, init?: RequestInit) => fetch(`${origin}${path}`, init)
  try {
    print(await loadSeeds({ send, adminPassword, password, didMethod }))
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    process.stderr.write(`${error.message}\n`)
  }
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
  const env = {
    ...process.env,
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    // What it writes goes through here.
    ...(process.stdout.isTTY && { FORCE_COLOR: '1' }),
  }
  return spawn(process.execPath, args, { cwd: ROOT, stdio: ['inherit', 'pipe', 'pipe'], env })
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
