/** `cumulus deploy`: looks, uploads, and does not end before the host answers from outside. */
import type { ArgsDef } from 'citty'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { type Finding, preflight } from '../deploy/preflight.ts'
import { stepsFor } from '../deploy/steps.ts'
import { ROOT } from '../host/bundle.ts'
import { withSettingsLock } from '../host/folder-lock.ts'
import {
  cloudflareFiles,
  readCloudflareSecrets,
  readWranglerConfig,
} from '../setup/cloudflare-files.ts'
import { command } from '../terminal/command.ts'
import { CommandError, UsageError } from '../terminal/errors.ts'
import { Prompts, promptArgs } from '../terminal/prompts.ts'

const args = {
  'dry-run': {
    type: 'boolean',
    default: false,
    description: 'Look, print each step, and change nothing',
  },
  url: {
    type: 'string',
    valueHint: 'origin',
    description: 'Where the host answers, if not at https://<PDS_HOSTNAME>',
  },
  timeout: { type: 'string', default: '300', description: 'Seconds to wait for its answer' },
  ...promptArgs,
  json: { type: 'boolean', default: false, description: 'Print {findings, steps} instead' },
} as const satisfies ArgsDef

const ABOUT = `It looks at: host name, routes, certificate, migrations, wrangler's sign-in, the blob store, secrets, and size. Then it makes
the bucket if there is none, uploads, waits, makes the first account (PDS_FIRST_HANDLE) and asks the relays to crawl. Run
again after a failure, it goes on: what is there stays.`

export default command({
  name: 'deploy',
  description: 'Brings the host to Cloudflare, and waits until it answers.',
  args,
  about: ABOUT,
  run(given) {
    const work = () => run({ ...given, dryRun: given['dry-run'] })
    // What is uploaded is what was looked at.
    return given['dry-run'] ? work() : withSettingsLock(ROOT, work)
  },
})

interface DeployArgs {
  dryRun: boolean
  url?: string
  timeout: string
  yes: boolean
  json: boolean
}

async function run({ dryRun, url, timeout, json, yes }: DeployArgs): Promise<void> {
  const patience = Number(timeout) * 1000
  if (!(patience >= 0)) throw new UsageError(`--timeout ${timeout} is no number of seconds`)
  const files = cloudflareFiles()
  const config = readWranglerConfig(files.config)
  const { PDS_HOSTNAME: hostname = '', PDS_SERVICE_HANDLE_DOMAINS: domains = `.${hostname}` } =
    config.vars ?? {}
  const deployment = {
    config,
    hostname,
    handleDomains: domains.split(','),
    secrets: readCloudflareSecrets(files.secrets),
  }
  const say = (text: string) => process.stderr.write(`${text}\n`)
  const findings = await preflight(deployment)
  for (const finding of findings) say(findingLine(finding))
  const errors = findings.filter(({ state }) => state === 'error')
  const steps = stepsFor(deployment, findings, {
    origin: (url ?? `https://${hostname}`).replace(/\/$/, ''),
    patience,
  })
  const done: { title: string; result?: string; error?: string }[] = []
  let failure: unknown
  if (dryRun)
    for (const [index, { title }] of steps.entries()) say(`${index + 1}. ${escapeControls(title)}`)
  else if (errors.length === 0) {
    await new Prompts({ yes }).confirm(`Deploy ${hostname} now?`, '--yes').then((agreed) => {
      if (!agreed) throw new CommandError('Nothing was deployed.')
    })
    for (const [index, { title, run: carryOut }] of steps.entries()) {
      say(`${index + 1}/${steps.length}  ${escapeControls(title)}`)
      try {
        const result = await carryOut()
        say(`     ${escapeControls(result)}`)
        done.push({ title, result })
      } catch (error) {
        done.push({ title, error: error instanceof Error ? error.message : String(error) })
        failure = error
        break
      }
    }
  }
  if (json)
    process.stdout.write(
      `${JSON.stringify({ findings, dryRun, steps: dryRun ? steps.map(({ title }) => ({ title })) : done })}\n`,
    )
  if (failure !== undefined) throw failure
  if (errors.length > 0) {
    throw new CommandError(
      `Nothing was deployed: ${errors.length} ${errors.length > 1 ? 'things have' : 'thing has'} to be mended first.`,
    )
  }
  if (!dryRun)
    say(`${hostname} is there. Next: npx cumulus doctor --host ${url ?? `https://${hostname}`}`)
}

const MARKS = { ok: '✓', todo: '+', warning: '!', error: '✗' } as const

const findingLine = ({ name, state, text }: Finding): string =>
  `${MARKS[state]} ${name.padEnd(12)} ${escapeControls(text)}`
