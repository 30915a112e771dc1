/** `cumulus secret rotate key`: a new secret takes the place of another. */
import { resolve } from 'node:path'
import type { ArgsDef } from 'citty'
import { ROOT } from '../../host/bundle.ts'
import { withSettingsLock } from '../../host/folder-lock.ts'
import { printAnswer } from '../../operator/command.ts'
import { type OperatorArgs, operatorArgs } from '../../operator/operator.ts'
import { cloudflarePlace, localPlace, type SecretPlace } from '../../secrets/places.ts'
import { replacedSetting, replaceSecret } from '../../secrets/replace.ts'
import { type Outcome, rotateLasting, settingOf } from '../../secrets/rotate.ts'
import { command } from '../../terminal/command.ts'
import { CommandError, UsageError } from '../../terminal/errors.ts'

const args = {
  secret: { type: 'positional', required: true, description: 'jwt, key, plc, dpop or admin' },
  cloudflare: {
    type: 'boolean',
    default: false,
    description: 'The host is on Cloudflare: give it its secrets with wrangler',
  },
  folder: {
    type: 'string',
    description:
      'With --cloudflare: folder with cloudflare-secrets.json, or *.secret files (default: this project)',
  },
  settle: {
    type: 'string',
    default: '30',
    valueHint: 'seconds',
    description:
      'With --cloudflare: how long a secret takes to be everywhere, after it was seen first',
  },
  wait: {
    type: 'boolean',
    default: false,
    description: 'Wait until the host was restarted, and go on then',
  },
  finish: {
    type: 'boolean',
    default: false,
    description: 'jwt: let the old one go now; whoever has a token of it signs in anew',
  },
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {secret, state, …} instead' },
} as const satisfies ArgsDef

export default command({
  name: 'rotate',
  description:
    'Puts a new secret in the place of another, without signing anybody out and without losing anything. Run it again to go ' +
    'on, until it says that the old one may go (docs/secrets.md).',
  args,
  about: `EXAMPLES

  npx cumulus secret rotate key                 then restart the host, and the same once more
  npx cumulus secret rotate jwt --cloudflare --host https://pds.example.com`,
  run: (given) => run(given),
})

interface Args extends OperatorArgs {
  secret: string
  cloudflare: boolean
  folder?: string
  settle: string
  wait: boolean
  finish: boolean
  json: boolean
}

async function run(given: Args): Promise<void> {
  const { secret, cloudflare, json } = given
  if (given.dev)
    throw new UsageError('the secrets of `npm run dev` are in .dev.vars: change them there')
  if (cloudflare && !given.host) throw new UsageError('--host is missing: the URL of the host')
  const place = cloudflare
    ? cloudflarePlace(resolve(given.folder ?? ROOT))
    : localPlace(process.env)
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const outcome = await withSettingsLock(place.folder, () => rotate(secret, place, given, say))
  printAnswer(json, { answer: outcome, text: `${outcome.message}\n` })
}

async function rotate(
  secret: string,
  place: SecretPlace,
  given: Args,
  say: (line: string) => void,
): Promise<Outcome> {
  if (secret === 'jwt' || secret === 'key' || secret === 'plc') {
    if (!place.isDeployed) assertNotInEnvironment(settingOf[secret])
    const { wait, finish } = given
    const settle = secondsOf(given.settle) * 1000
    return rotateLasting(secret, { place, operator: given, wait, finish, settle, say })
  }
  if (secret === 'dpop' || secret === 'admin') {
    if (!place.isDeployed) assertNotInEnvironment(replacedSetting[secret])
    return replaceSecret(secret, place, given)
  }
  throw new UsageError(`the secret is jwt, key, plc, dpop or admin, not "${secret}"`)
}

/** @throws UsageError */
function secondsOf(text: string): number {
  const seconds = Number(text)
  if (seconds >= 0 && seconds <= 600) return seconds
  throw new UsageError(`--settle ${text}: 0 to 600 seconds`)
}

/** @throws CommandError */
function assertNotInEnvironment(setting: string): void {
  if (!process.env[setting]) return
  throw new CommandError(
    `${setting} is set in the environment, which counts more than secrets.json. docs/secrets.md says how to change it by ` +
      'hand; to have this command do it, move it into secrets.json and unset it.',
  )
}
