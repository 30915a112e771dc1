/** `cumulus serve`, that is `npm start`: the PDS on plain workerd, on this machine. */
import { join, relative } from 'node:path'
import { readConfig } from '../../src/kernel/config/config.ts'
import { type OpenSignUps, openSignUps } from '../../src/kernel/config/open-sign-ups.ts'
import { DOCS, ensureBundle } from '../host/bundle.ts'
import { ensureFirstAccount, type FirstAccount } from '../host/first-account.ts'
import { lockFolder } from '../host/folder-lock.ts'
import { keepRunning } from '../host/keep-running.ts'
import { startLocalPlc } from '../host/local-plc.ts'
import { FIRST_PASSWORD } from '../host/private-data.ts'
import { rewriteDatabases } from '../host/rewrite-databases.ts'
import { writeFileSafely } from '../host/safe-file.ts'
import { startWorkerd } from '../host/workerd.ts'
import { setOutside } from '../settings/env-file.ts'
import { settingsHelp } from '../settings/help.ts'
import { originAt, readLocalSettings } from '../settings/local.ts'
import { command } from '../terminal/command.ts'
import { UsageError } from '../terminal/errors.ts'

export default command({
  name: 'serve',
  description: 'Runs the PDS on plain workerd, until Ctrl-C',
  args: {
    log: {
      type: 'string',
      valueHint: 'text|json',
      description:
        'How the log is written (default: as text on a terminal, otherwise as lines of JSON)',
    },
  },
  about: `SETTINGS, from the environment\n\n${settingsHelp()}`,
  refuse: 'settings come from the environment, as in PDS_PORT=2600 npx cumulus serve',
  run: serve,
})

/** Runs the host until it is told to end; its exit code is that of the process then. */
export async function serve({ log }: { log?: string } = {}): Promise<void> {
  const output = logOutput(log)
  const settings = readLocalSettings(process.env)
  const { raw, dataDirectory } = settings
  const config = readConfig({ ...raw })
  ensureBundle(() => process.stderr.write('Building the server ...\n'))
  await lockFolder(dataDirectory, 'stop it, or choose another folder with PDS_DATA_DIRECTORY.')
  await rewriteDatabases(dataDirectory)
  const plc = await startLocalPlc(raw, join(dataDirectory, 'plc.jsonl'), settings.port)
  if (plc) raw.PDS_DID_PLC_URL = plc.url
  const options = { ...settings, output }
  const workerd = await startWorkerd(options)
  const stop = new AbortController()
  const now = new AbortController()
  stopAtSignals(stop, now)
  const served = keepRunning(options, workerd, stop.signal, now.signal)
  // It is waited for at the end; until then a failure is not unhandled.
  served.catch(() => undefined)
  const origin = `http://localhost:${workerd.port}`
  // What is no terminal is a log, which others read and which is kept.
  const passwordFile = process.stdout.isTTY ? undefined : join(dataDirectory, FIRST_PASSWORD)
  const keep = (password: string) => {
    if (passwordFile) writeFileSafely(passwordFile, `${password}\n`)
  }
  const first = await ensureFirstAccount(originAt(settings.bind, workerd.port), raw, keep).catch(
    (error: unknown) => {
      stop.abort()
      throw error
    },
  )
  process.stdout.write(
    greeting({
      origin,
      publicUrl: config.publicUrl,
      plcUrl: plc?.url,
      dataDirectory: relative(process.cwd(), dataDirectory) || '.',
      domain: config.handleDomains[0] ?? '',
      first,
      passwordFile,
    }),
  )
  const open = openSignUps(config)
  if (open && !config.devMode) process.stdout.write(`${openWarning(open)}\n`)
  process.exitCode = await served
}

/** @throws UsageError */
function logOutput(log: string | undefined): 'text' | 'inherit' {
  if (log !== undefined && log !== 'text' && log !== 'json') {
    throw new UsageError(`--log ${log}: "text" or "json"`)
  }
  return (log ?? (process.stdout.isTTY ? 'text' : 'json')) === 'text' ? 'text' : 'inherit'
}

/** npm sends a signal a second time, within so many ms, that a terminal has sent to both. */
const SAME = 500

/** The first one ends the host in peace, another at once. */
function stopAtSignals(stop: AbortController, now: AbortController): void {
  let first: number | undefined
  const take = () => {
    if (first !== undefined && Date.now() - first > SAME) now.abort()
    if (first !== undefined) return
    first = Date.now()
    stop.abort()
    if (process.stdout.isTTY) {
      process.stdout.write('\nStopping once all requests are answered. Ctrl-C again: at once.\n')
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, take)
}

function openWarning({ who, missing }: OpenSignUps): string {
  const without = missing.map((line) => `  - ${line}`)
  return [
    `${who} (PDS_REGISTRATION).`,
    ...(missing.length > 0 ? ['What would hold back abuse is missing:', ...without] : []),
    'docs/operating.md says what opening means.',
    '',
  ].join('\n')
}

interface Started {
  origin: string
  publicUrl: string
  /** Of the directory that came with the host. */
  plcUrl: string | undefined
  dataDirectory: string
  /** The domain of handles, with its dot. */
  domain: string
  first: FirstAccount | 'none' | 'exists'
  /** Where its password is; undefined: it is shown. */
  passwordFile: string | undefined
}

function greeting(started: Started): string {
  const { origin, publicUrl, plcUrl, dataDirectory, domain, first, passwordFile } = started
  const lines = [
    ['open', origin],
    ...(publicUrl === origin ? [] : [['public', publicUrl]]),
    ['data', dataDirectory],
    ...(plcUrl
      ? [['plc', `${plcUrl}   identities that are made here; others are read from plc.directory`]]
      : []),
    ...(typeof first === 'string' ? [] : accountLines(first, passwordFile)),
  ]
  return `
Cumulus is running.

${lines.map(([name = '', value]) => (name ? `  ${name.padEnd(9)} ${value}` : '')).join('\n')}
${first === 'none' ? noAccount(domain) : tryNext(origin, first, domain)}
${DOCS}/custom-collections.md adds a collection of your own${plcUrl ? `, ${DOCS}/local-development.md connects an app` : ''}. Ctrl-C stops the server.
`
}

const accountLines = (
  { handle, did, password }: FirstAccount,
  passwordFile: string | undefined,
): string[][] => [
  [],
  ['account', `${handle} (${did})`],
  [
    'password',
    !password
      ? 'as in PDS_FIRST_PASSWORD'
      : passwordFile
        ? `in ${passwordFile}, for you alone: keep it elsewhere, then delete the file`
        : `${password}   <- shown this once, write it down`,
  ],
]

const tryNext = (origin: string, first: FirstAccount | 'exists', domain: string): string => `
Try next:

  ${accountCommand(`bob${domain}`)}
  curl ${origin}/xrpc/com.atproto.server.createSession -H 'content-type: application/json' \\
    -d '{"identifier": "${first === 'exists' ? 'your handle' : first.handle}", "password": "..."}'
`

const noAccount = (domain: string): string => `
There is no account yet. Once the public address leads here (docs/self-hosting.md), make one:

  ${accountCommand(`alice${domain}`)}

It gets a did:plc in the public directory, and relays are told of it. docs/accounts.md says how others sign up.
`

/** As it reaches this server, which the environment may say where to find. */
const accountCommand = (handle: string): string => {
  // What pds.env says is found again.
  const outside = setOutside()
  return [
    ...(['PDS_PORT', 'PDS_BIND', 'PDS_DATA_DIRECTORY'] as const).flatMap((name) => {
      const value = outside[name]
      return value ? [`${name}=${/^[\w./:-]+$/.test(value) ? value : `'${value}'`}`] : []
    }),
    `npx cumulus account create ${handle}`,
  ].join(' ')
}
