/** `cumulus init`: from an empty folder to the settings, keys and recovery kit of a host. */
import { relative } from 'node:path'
import { intro, outro } from '@clack/prompts'
import type { ArgsDef } from 'citty'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { isLoopback } from '../../src/kernel/loopback.ts'
import { envFilePath, loadEnvFile, readEnvFile, setOutside } from '../settings/env-file.ts'
import { holdsData } from '../settings/local.ts'
import { pushSecrets, setUpCloudflare, uploadable } from '../setup/cloudflare.ts'
import {
  cloudflareFiles,
  readCloudflareSecrets,
  readWranglerConfig,
} from '../setup/cloudflare-files.ts'
import { type SetUp, setUpMachine } from '../setup/machine.ts'
import { uncoveredDomains, zoneOf } from '../setup/names.ts'
import { type Answers, askAll, type Given } from '../setup/questions.ts'
import { type KitWay, kitWays } from '../setup/recovery-kit.ts'
import { command } from '../terminal/command.ts'
import { UsageError } from '../terminal/errors.ts'
import { Prompts, promptArgs } from '../terminal/prompts.ts'

const args = {
  target: { type: 'string', valueHint: 'machine|cloudflare', description: 'Where it runs' },
  hostname: {
    type: 'string',
    valueHint: 'pds.example.com',
    description: 'Public name of the host',
  },
  handles: {
    type: 'string',
    valueHint: '.example.com',
    description:
      'Domains of handles, with commas (default: below the host name; on Cloudflare, below its domain)',
  },
  registration: {
    type: 'string',
    valueHint: 'closed|invite|approval|open',
    description: 'Who may make an account (default: closed)',
  },
  mail: {
    type: 'string',
    valueHint: 'url|none',
    description: 'How mails leave (docs/mail.md; default: none)',
  },
  contact: { type: 'string', valueHint: 'address', description: 'Where people reach you' },
  data: {
    type: 'string',
    valueHint: 'folder',
    description: 'Data folder, on this machine (default: data)',
  },
  location: {
    type: 'string',
    valueHint: 'eu|weur|…',
    description: 'Where Cloudflare keeps the data, for good (default: auto)',
  },
  identity: {
    type: 'string',
    valueHint: 'plc|web|move|none',
    description:
      'The first account: did:plc, did:web, one that moves here, or none (default: plc where there is --first)',
  },
  first: { type: 'string', valueHint: 'handle', description: 'Handle of the first account' },
  'backup-recipient': {
    type: 'string',
    valueHint: 'age1…|none',
    description:
      'On Cloudflare: whom daily backups are encrypted for, which the Worker makes of itself (docs/backup.md)',
  },
  'recovery-kit': {
    type: 'string',
    valueHint: 'file|clipboard|qr',
    description: 'File for the recovery kit (default: recovery-kit.txt); or clipboard, or qr',
  },
  push: { type: 'boolean', description: 'Upload the secrets to Cloudflare now' },
  start: { type: 'boolean', description: 'Start the host on this machine afterwards' },
  ...promptArgs,
  json: { type: 'boolean', default: false, description: 'Print what was set up as JSON' },
} as const satisfies ArgsDef

const ABOUT = `EXAMPLES

  npx cumulus init
  npx cumulus init --yes --hostname pds.example.com --first alice.pds.example.com --start
  npx cumulus init --yes --target cloudflare --hostname pds.example.com --recovery-kit kit.txt

Run it again to change an answer: keys that are there stay as they are, and no kit is made twice.
Settings of a host on this machine are in pds.env (CUMULUS_ENV_FILE names another file).`

type InitArgs = Given & {
  'recovery-kit'?: string
  push?: boolean
  start?: boolean
  yes: boolean
  json: boolean
}

export default command({
  name: 'init',
  description: 'Sets a host up: settings, keys, recovery kit, first account.',
  args,
  about: ABOUT,
  run: (given) => run(given),
})

async function run(given: InitArgs): Promise<void> {
  const prompts = new Prompts(given)
  if (prompts.canAsk) intro('A new host', { output: process.stderr })
  const envFile = envFilePath()
  if (envFile === undefined) throw new UsageError('CUMULUS_ENV_FILE is empty: name the file')
  if (given.start && given.json) {
    throw new UsageError('--json prints one value, and a host that starts more: run cumulus serve')
  }
  const machine = { before: readEnvFile(envFile), outside: setOutside() }
  const answers = await askAll(
    given,
    (target) =>
      target === 'machine' ? { ...machine.before, ...machine.outside } : settingsOnCloudflare(),
    prompts,
  )
  if (given.start && answers.target === 'cloudflare') {
    throw new UsageError('--start is for this machine: cumulus deploy brings a host to Cloudflare')
  }
  const kit = kitOptions(given['recovery-kit'])
  const isNamed = given.hostname !== undefined || prompts.canAsk
  const done =
    answers.target === 'machine'
      ? await setUpMachine(answers, { ...machine, isNamed, envFile, kit }, prompts)
      : await setUpCloudflare(answers, kit, prompts)
  const pushed = answers.target === 'cloudflare' && given.push ? await pushSecrets() : undefined
  const starts = await wantsStart(answers, given, prompts)
  if (given.json) {
    process.stdout.write(
      `${JSON.stringify({ ...answers, mail: answers.mail !== undefined, ...done, pushed })}\n`,
    )
  } else {
    const text = summary(answers, done, starts)
    if (prompts.canAsk) outro(text, { output: process.stderr })
    else process.stderr.write(`${text}\n`)
  }
  if (!starts) return
  loadEnvFile()
  const { serve } = await import('./serve.ts')
  await serve()
}

/** What an earlier run has set. */
function settingsOnCloudflare(): RawSettings {
  const { config, secrets } = cloudflareFiles()
  return { ...readWranglerConfig(config).vars, ...uploadable(readCloudflareSecrets(secrets)) }
}

/** @throws UsageError */
function kitOptions(given: string | undefined): {
  file: string | undefined
  way: KitWay | undefined
} {
  if (given === '')
    throw new UsageError('--recovery-kit needs the name of a file, clipboard, or qr')
  const way = kitWays.find((known) => known === given)
  return way ? { file: undefined, way } : { file: given, way: undefined }
}

async function wantsStart(answers: Answers, given: InitArgs, prompts: Prompts): Promise<boolean> {
  if (answers.target === 'cloudflare') return false
  if (given.start !== undefined || !prompts.canAsk) return given.start ?? false
  return prompts.confirm('Start the host now?', '--start')
}

function summary(answers: Answers, { files }: SetUp, starts: boolean): string {
  const { target, hostname, handleDomains } = answers
  const zone = zoneOf(hostname)
  const uncovered = target === 'cloudflare' ? uncoveredDomains(handleDomains.split(','), zone) : []
  return [
    `${hostname} is set up: ${files.map((file) => relative(process.cwd(), file)).join(', ')}.`,
    ...uncovered.map(
      (domain) =>
        `Cloudflare's free certificate for ${zone} does not cover *${domain}: order an advanced one, or take --handles .${zone}.`,
    ),
    ...(target === 'machine' && !isLoopback(hostname)
      ? [
          `In front of it belongs a proxy with TLS for ${hostname} and *${handleDomains.split(',')[0]}: docs/self-hosting.md.`,
        ]
      : []),
    ...(target === 'machine' && holdsData(answers.data)
      ? ['A host that runs takes this over when it is started anew.']
      : []),
    'Next:',
    ...nextSteps(answers, starts).map((step) => `  ${step}`),
  ].join('\n')
}

/** The unit of systemd that runs the host, where `cumulus` is what deploy/install.sh has made. */
const unitHere = (): string | undefined => process.env.CUMULUS_SERVICE

function nextSteps({ target, identity, handleDomains }: Answers, starts: boolean): string[] {
  const unit = unitHere()
  if (target === 'machine' && unit !== undefined) {
    return [
      `systemctl restart ${unit}`,
      identity === 'move'
        ? 'cumulus migrate <your handle>'
        : `cumulus account create alice${handleDomains.split(',')[0]}`,
      'cumulus doctor',
    ]
  }
  return [
    ...(target === 'cloudflare' ? ['deploy'] : starts ? [] : ['serve']),
    ...(identity === 'move' ? ['migrate <your handle>'] : []),
    'doctor',
  ].map((step) => `npx cumulus ${step}`)
}
