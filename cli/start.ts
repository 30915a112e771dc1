/** `npm start`: the PDS on plain workerd, on this machine. */
import { relative } from 'node:path'
import { defineCommand, runMain } from 'citty'
import { readConfig } from '../src/kernel/config/config.ts'
import { ensureBundle } from './bundle.ts'
import { ensureFirstAccount, type FirstAccount } from './first-account.ts'
import { keepRunning } from './keep-running.ts'
import { reportErrors } from './report-errors.ts'
import { originAt, readLocalSettings } from './settings.ts'
import { settingsHelp } from './settings-help.ts'
import { startWorkerd } from './workerd.ts'

const start = defineCommand({
  meta: {
    name: 'npm start',
    description: `Runs the PDS on plain workerd. Settings come from the environment:\n\n${settingsHelp()}`,
  },
  run: () => reportErrors(run),
})

async function run(): Promise<void> {
  const settings = readLocalSettings(process.env)
  const config = readConfig({ ...settings.raw })
  ensureBundle(() => process.stderr.write('Building the server ...\n'))
  const workerd = await startWorkerd(settings)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(signal))
  const served = keepRunning(settings, workerd, stop.signal)
  // It is waited for at the end; until then a failure is not unhandled.
  served.catch(() => undefined)
  const origin = `http://localhost:${workerd.port}`
  const first = await ensureFirstAccount(originAt(settings.bind, workerd.port), settings.raw).catch(
    (error: unknown) => {
      stop.abort('SIGTERM')
      throw error
    },
  )
  process.stdout.write(
    greeting(origin, config.publicUrl, relative(process.cwd(), settings.dataDirectory), first),
  )
  process.exitCode = await served
}

function greeting(
  origin: string,
  publicUrl: string,
  dataDirectory: string,
  first: FirstAccount | undefined,
): string {
  const handle = first?.handle ?? 'your handle'
  const account = first
    ? `\n  account   ${first.handle} (${first.did})` +
      `\n  password  ${first.password ?? 'as in PDS_FIRST_PASSWORD'}` +
      `${first.password ? '   <- shown this once, write it down' : ''}\n`
    : ''
  return `
Cumulus is running.

  open      ${origin}${publicUrl === origin ? '' : `\n  public    ${publicUrl}`}
  data      ${dataDirectory || '.'}
${account}
Try next:

  curl ${origin}/xrpc/com.atproto.server.describeServer
  curl ${origin}/xrpc/com.atproto.server.createSession -H 'content-type: application/json' \\
    -d '{"identifier": "${handle}", "password": "..."}'

docs/custom-collections.md adds a collection of your own. Ctrl-C stops the server.
`
}

await runMain(start)
