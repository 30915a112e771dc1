/**
 * `cumulus dev`, that is `npm run dev`: plain workerd, with the generator watching the lexicons and handlers, and what is
 * around a host: a directory, an AppView, a consumer of the firehose, mail.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { parseArgs, parseEnv } from 'node:util'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { builtPath } from '../../codegen/layout.ts'
import { DEFAULT_PORT, type RawSettings } from '../../src/kernel/config/settings.ts'
import { DevBundler } from '../dev/bundle/bundler.ts'
import { DevHost } from '../dev/dev-host.ts'
import { tapFirehose } from '../dev/firehose-tap.ts'
import { HostAnswers } from '../dev/host-answers.ts'
import { hasSeeds, loadSeeds, SEEDS } from '../dev/load-seeds.ts'
import { MailWatch } from '../dev/mails.ts'
import { startDevNetwork } from '../dev/network.ts'
import { placesIn, writeOutput } from '../dev/output.ts'
import { Reloader } from '../dev/reloader.ts'
import { PACKAGE_ROOT, ROOT } from '../host/bundle.ts'
import { ensureFirstAccount, isLocal } from '../host/first-account.ts'
import { lockFolder } from '../host/folder-lock.ts'
import { startLocalPlc } from '../host/local-plc.ts'
import { DEV_VARS } from '../operator/operator.ts'
import { makeSecrets } from '../settings/local.ts'
import { rawCommand } from '../terminal/command.ts'
import { CommandError, UsageError } from '../terminal/errors.ts'

/** Where the data are; identities go with them. */
const STATE = join(ROOT, '.wrangler', 'state')
/** Where bundles of the Worker are. */
const BUNDLES = join(ROOT, '.wrangler', 'dev')

const ABOUT = `OPTIONS

  --port <number>     Port to listen on (default: PDS_PORT, in the environment or in .dev.vars)
  --seed              Writes what src/seeds.ts says, also where there are accounts; into an empty host it is written anyway
  --inspect <number>  Port for a debugger, as of chrome://inspect

Settings are in .dev.vars, which the first start makes; docs/configuration.md lists them. Data are in .wrangler/state/.`

export default rawCommand({
  name: 'dev',
  description:
    'Runs the host in development, until Ctrl-C, and anew at each change of lexicons/ and src/',
  about: ABOUT,
  run,
})

async function run(rawArgs: readonly string[]): Promise<void> {
  const { port, seed, inspectorPort } = readArguments(rawArgs)
  if (seed && !hasSeeds()) {
    throw new CommandError(`There is no ${SEEDS}: docs/local-development.md shows one.`)
  }
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
  const mails = new MailWatch(host, print)
  const onEvent = (event: string): boolean => {
    if (host.tookPart(event) || event.includes('"path":"/xrpc/_health"')) return false
    if (event.includes('"method":"POST"')) for (const ms of MAIL_AFTER) setTimeout(lookForMails, ms)
    return true
  }
  const lookForMails = () => void mails.look()
  const codegen = startCodegen()
  const devHost = await DevHost.listen({
    dataDirectory: join(STATE, 'host'),
    port,
    inspectorPort,
    output: (log) =>
      writeOutput(log, process.stdout, { root: ROOT, bundle: () => bundler.path, onEvent }),
  })
  const bundler = new DevBundler(ROOT, BUNDLES)
  const reloader = new Reloader({
    root: ROOT,
    bundler,
    serve: (modules) => devHost.serve({ ...readDevVars(), ...given }, modules),
    reloaded: (ms) => print(`reloaded  ${Math.round(ms)} ms`),
    failed: (reason) =>
      process.stderr.write(`${escapeControls(placesIn(reason, ROOT, bundler.path), '\n')}\n`),
  })
  const ended = endTogether(codegen, async () => {
    await reloader.stop()
    await devHost.stop()
  })
  await reloader.begin()
  if (ended.aborted) return
  watchSettings(() => void reloader.again())
  await mails.begin()
  tapFirehose(host, print, ended)
  const made = await begin(host, settings, seed)
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

interface Arguments {
  /** The one that counts: of `--port`, PDS_PORT, .dev.vars. */
  port: number
  seed: boolean
  inspectorPort: number | undefined
}

/** @throws UsageError, CommandError */
function readArguments(args: readonly string[]): Arguments {
  const options = {
    port: { type: 'string' },
    inspect: { type: 'string' },
    seed: { type: 'boolean' },
  } as const
  const { values, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  })
  const unknown = tokens.find(
    (token) => token.kind === 'positional' || (token.kind === 'option' && !(token.name in options)),
  )
  if (unknown) {
    const word = unknown.kind === 'option' ? unknown.rawName : args[unknown.index]
    throw new UsageError(
      `${word} is no option of cumulus dev (npx wrangler dev has others, and runs the host without what is around it)`,
    )
  }
  const kept = existsSync(DEV_VARS) ? parseEnv(readFileSync(DEV_VARS, 'utf8')).PDS_PORT : undefined
  const { port: asked = process.env.PDS_PORT ?? kept ?? String(DEFAULT_PORT), inspect } = values
  return {
    port: portOf(asked),
    seed: values.seed === true,
    inspectorPort: inspect === undefined ? undefined : portOf(inspect),
  }
}

/** @throws CommandError */
function portOf(text: string | boolean): number {
  const port = Number(text)
  if (typeof text === 'boolean' || !/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new CommandError(`The port must be a number from 1 to 65535 (it is "${text}").`)
  }
  return port
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

function startCodegen(): ChildProcess {
  const program = join(PACKAGE_ROOT, builtPath('codegen/cli.ts'))
  const env = { ...process.env, ...(process.stdout.isTTY && { FORCE_COLOR: '1' }) }
  return spawn(process.execPath, [program, '--watch'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env,
  })
}

/** Calls `changed` when .dev.vars was written. */
function watchSettings(changed: () => void): void {
  let last = readFileSync(DEV_VARS, 'utf8')
  watch(ROOT, (_, name) => {
    if (name !== basename(DEV_VARS) || !existsSync(DEV_VARS)) return
    const text = readFileSync(DEV_VARS, 'utf8')
    if (text !== last) changed()
    last = text
  }).unref()
}

/** The generator ends with the host, and the host with the generator. @returns aborted then */
function endTogether(codegen: ChildProcess, stop: () => Promise<void>): AbortSignal {
  const ended = new AbortController()
  const end = async (code: number) => {
    if (ended.signal.aborted) return
    ended.abort()
    codegen.kill()
    await stop()
    process.exit(code)
  }
  codegen.once('exit', (code) => void end(code ?? 1))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void end(0))
  return ended.signal
}
