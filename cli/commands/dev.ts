/**
 * `cumulus dev`, that is `npm run dev`: plain workerd, with the generator watching the lexicons and handlers, and what is
 * around a host: a directory, an AppView, a consumer of the firehose, mail.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { styleText } from 'node:util'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { builtPath } from '../../codegen/layout.ts'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { readArguments } from '../dev/arguments.ts'
import { DevBundler } from '../dev/bundle/bundler.ts'
import { readDevVars, watchSettings } from '../dev/dev-vars.ts'
import type { HostAnswers } from '../dev/host-answers.ts'
import { hasSeeds, loadSeeds, SEEDS } from '../dev/load-seeds.ts'
import { startDevNetwork } from '../dev/network.ts'
import { Reloader } from '../dev/reloader.ts'
import { RunningHost } from '../dev/running-host.ts'
import { SECOND_DOMAIN, secondSettings } from '../dev/second-host.ts'
import { PACKAGE_ROOT, ROOT } from '../host/bundle.ts'
import { ensureFirstAccount, isLocal } from '../host/first-account.ts'
import { lockFolder } from '../host/folder-lock.ts'
import { startLocalPlc } from '../host/local-plc.ts'
import { placesIn } from '../host/stack-places.ts'
import { rawCommand } from '../terminal/command.ts'
import { CommandError } from '../terminal/errors.ts'

/** Where the data are; identities go with them. */
const STATE = join(ROOT, '.wrangler', 'state')
/** Where bundles of the Worker are. */
const BUNDLES = join(ROOT, '.wrangler', 'dev')

const ABOUT = `OPTIONS

  --port <number>     Port to listen on (default: PDS_PORT, in the environment or in .dev.vars)
  --seed              Writes what src/seeds.ts says, also where there are accounts; into an empty host it is written anyway
  --two               A second host on the next port, with handles below .test2 and data of its own, and the same around it:
                      for apps that work with accounts of several hosts, and for moves between them
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
  const { port, seed, two, inspectorPort } = readArguments(rawArgs)
  if (seed && !hasSeeds()) {
    throw new CommandError(`There is no ${SEEDS}: docs/local-development.md shows one.`)
  }
  const ports = two ? [port, port + 1] : [port]
  for (const one of ports) await assertFree(one)
  const settings = readDevVars()
  if (two && !isLocal(settings)) {
    throw new CommandError('--two: a host with a public PDS_HOSTNAME has no second one beside it.')
  }
  mkdirSync(STATE, { recursive: true })
  await lockFolder(STATE, 'stop the other `npm run dev`.')
  const plc = await startLocalPlc(settings, join(STATE, 'plc.jsonl'), port)
  const bundler = new DevBundler(ROOT, BUNDLES)
  const hosts = ports.map((one, index) => {
    const dataDirectory = join(STATE, index === 0 ? 'host' : 'second')
    return new RunningHost({
      port: one,
      dataDirectory,
      settings: () => ({
        ...readDevVars(),
        // These go before what .dev.vars says.
        PDS_PORT: String(one),
        ...(index > 0 && secondSettings(dataDirectory, one)),
        ...around,
      }),
      root: ROOT,
      bundle: () => bundler.path,
      inspectorPort: index === 0 ? inspectorPort : undefined,
      label: two ? `${styleText('dim', String(one))} ` : '',
    })
  })
  const answers = hosts.map((host) => host.answers)
  const network = await startDevNetwork(answers, Math.max(0, port - 2), print)
  const hasAppView = settings.PDS_BSKY_APP_VIEW_URL !== undefined
  const around = {
    ...(plc && { PDS_DID_PLC_URL: plc.url }),
    ...(!hasAppView && {
      PDS_BSKY_APP_VIEW_URL: network.url,
      PDS_BSKY_APP_VIEW_DID: network.appviewDid,
    }),
  }
  for (const host of hosts) await host.listen()
  const reloader = new Reloader({
    root: ROOT,
    bundler,
    serve: (modules) => inAll(hosts, (host) => host.serve(modules)),
    reloaded: ({ all, bundle, start }) =>
      print(`reloaded  ${ms(all)} (bundle ${ms(bundle)}, workerd ${ms(start)})`),
    failed: (reason, isServing) => {
      const text = escapeControls(
        placesIn(reason, { root: ROOT, folder: dirname(bundler.path), maps: new Map() }),
        '\n',
      )
      process.stderr.write(`${text}\n`)
      if (isServing) process.stderr.write('The Worker of before goes on serving.\n')
    },
  })
  const codegen = startCodegen()
  const ended = endTogether(codegen, async () => {
    await reloader.stop()
    await inAll(hosts, (host) => host.stop())
  })
  await reloader.begin()
  watchSettings(() => void reloader.again())
  const forget = (did: string) => {
    for (const host of answers) host.forget(did)
  }
  for (const host of hosts) await host.watch(forget, ended)
  const made: string[] = []
  for (const [index, host] of hosts.entries()) {
    made.push(await begin(host.answers, host.settings, index === 0, seed))
  }
  for (const [index, accounts] of made.entries()) {
    process.stdout.write(`Sign in at http://localhost:${ports[index]} as ${accounts}\n`)
  }
  // Without --host the command looks into .dev.vars.
  const where = port === Number(settings.PDS_PORT) ? '' : `--host http://localhost:${port} `
  const [, second] = ports
  process.stdout.write(
    `The password is PDS_FIRST_PASSWORD in .dev.vars.\n` +
      `More accounts: npx cumulus account create --dev ${where}bob.test\n` +
      (second === undefined ? '' : `${ofSecond(second, plc?.url)}\n`) +
      `Mails: ${network.url}/mail\n` +
      (hasAppView ? '' : `The AppView is a stand-in at ${network.url}.\n`) +
      (plc
        ? `The PLC directory is ${plc.url}; docs/local-development.md connects an app.\n`
        : '\n'),
  )
}

/** What can be done with the second host. */
const ofSecond = (port: number, plc = ''): string =>
  `  at the other: npx cumulus account create --dev --host http://localhost:${port} carol${SECOND_DOMAIN}\n` +
  `A move there: PDS_DID_PLC_URL=${plc} npx cumulus migrate alice.test --dev --host http://localhost:${port} (docs/local-development.md)`

/** Does it in all of them. @throws what it throws in one, once it is done in all */
async function inAll(
  hosts: readonly RunningHost[],
  work: (host: RunningHost) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(hosts.map(work))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

const ms = (duration: number): string => `${Math.round(duration)} ms`

const print = (line: string): void => void process.stdout.write(`${escapeControls(line)}\n`)

/** Accounts to begin with: those of the seeds, or one. @returns who can sign in, in words */
async function begin(
  host: HostAnswers,
  settings: RawSettings,
  takesSeeds: boolean,
  seedsAgain: boolean,
): Promise<string> {
  const isEmpty = (await host.accounts()).length === 0
  // A public host would register them for good.
  if (takesSeeds && hasSeeds() && isLocal(settings) && (isEmpty || seedsAgain))
    await sowSeeds(host, settings)
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

function startCodegen(): ChildProcess {
  const program = join(PACKAGE_ROOT, builtPath('codegen/cli.ts'))
  const env = { ...process.env, ...(process.stdout.isTTY && { FORCE_COLOR: '1' }) }
  return spawn(process.execPath, [program, '--watch'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env,
  })
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
