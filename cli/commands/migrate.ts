/** `cumulus migrate alice.example.com`: moves an account here, from whatever host it lives at. */
import { readFileSync } from 'node:fs'
import type { ArgsDef, ParsedArgs } from 'citty'
import { isKey } from '../../src/kernel/crypto/did-key.ts'
import { resolutionSettingsFrom } from '../lexicons/network.ts'
import { answersFrom } from '../migrate/answers.ts'
import { dryRun } from '../migrate/dry-run.ts'
import { ONLINE, runSteps } from '../migrate/engine.ts'
import { offlineSteps } from '../migrate/offline.ts'
import { PATIENCE } from '../migrate/remote.ts'
import { reporter } from '../migrate/report.ts'
import { assertPossible, startMove } from '../migrate/start.ts'
import { MoveFolder } from '../migrate/state.ts'
import { summaryOf } from '../migrate/summary.ts'
import { operatorArgs, originOf } from '../operator/operator.ts'
import { command } from '../terminal/command.ts'
import { CommandError, InterruptedError, UsageError } from '../terminal/errors.ts'
import { Prompts, promptArgs } from '../terminal/prompts.ts'

const args = {
  account: { type: 'positional', required: true, description: 'Handle or DID, as it is now' },
  ...operatorArgs,
  from: {
    type: 'string',
    valueHint: 'URL',
    description: 'The old host (default: the one that the identity names)',
  },
  'new-handle': {
    type: 'string',
    description: 'Handle at the new host (default: as much of the old one as can be)',
  },
  email: { type: 'string', description: 'E-mail address (default: that at the old host)' },
  'password-file': {
    type: 'string',
    valueHint: 'file',
    description: 'Holds the main password at the old host',
  },
  'new-password-file': {
    type: 'string',
    valueHint: 'file',
    description: 'Holds the password for the new host (default: the same one)',
  },
  'sign-in-code': {
    type: 'string',
    description: 'Code that the old host has mailed for signing in',
  },
  'plc-code': {
    type: 'string',
    description:
      'Code for the change of the identity, mailed by the old host or given by its operator',
  },
  'invite-code': {
    type: 'string',
    description: 'Invite code of the new host (default: its operator’s password makes one)',
  },
  'recovery-key': {
    type: 'string',
    valueHint: 'did:key:…',
    description: 'A rotation key of your own, to stand above all others',
  },
  'allow-missing-blobs': {
    type: 'boolean',
    description: 'Move without blobs that the old host does not give',
  },
  offline: {
    type: 'boolean',
    default: false,
    description: 'The old host is gone: move from --car and --blobs, with --rotation-key',
  },
  car: { type: 'string', valueHint: 'file', description: 'The repository, of a backup' },
  blobs: { type: 'string', valueHint: 'folder', description: 'The blobs, named by their CIDs' },
  preferences: { type: 'string', valueHint: 'file', description: 'The preferences, as JSON' },
  'rotation-key': {
    type: 'string',
    valueHint: 'file',
    description: 'Holds the private rotation key (or CUMULUS_ROTATION_KEY): hex, or multibase (z…)',
  },
  'keep-keys': {
    type: 'boolean',
    default: false,
    description: 'Keep rotation keys that stand below the given one: perhaps the lost host’s',
  },
  state: {
    type: 'string',
    valueHint: 'folder',
    description: 'Where the move keeps what it has done (default: migrate-<account>)',
  },
  parallel: { type: 'string', default: '6', description: 'Blobs that are copied at once' },
  timeout: { type: 'string', default: '60', description: 'Seconds that a host may be silent' },
  tries: {
    type: 'string',
    default: String(PATIENCE.attempts),
    description: 'Tries of one request',
  },
  wait: {
    type: 'string',
    default: '0',
    description: 'Minutes to wait for the document of a did:web to be published',
  },
  'dry-run': {
    type: 'boolean',
    default: false,
    description: 'Look, fetch the repository, and change nothing',
  },
  json: { type: 'boolean', default: false, description: 'Print what has come of it as JSON' },
  ...promptArgs,
} as const satisfies ArgsDef

export default command({
  name: 'migrate',
  description:
    'Moves an account here from another host, with records, blobs, preferences, identity and handle. It may be ended at any ' +
    'time: the same command goes on. The old host keeps everything, and is switched off last.',
  args,
  about: `Passwords are asked for, or read from CUMULUS_OLD_PASSWORD and CUMULUS_NEW_PASSWORD or the files, and are not kept.

EXAMPLES

  cumulus migrate alice.bsky.social --dry-run
  cumulus migrate alice.bsky.social --host https://pds.example.com --new-handle alice.pds.example.com`,
  run,
})

type Args = ParsedArgs<typeof args>

async function run(given: Args): Promise<void> {
  const recoveryKey = given['recovery-key']
  if (recoveryKey !== undefined && !isKey(recoveryKey)) {
    throw new UsageError('--recovery-key: a did:key of secp256k1 or P-256')
  }
  const stop = new AbortController()
  const interrupt = () => stop.abort(new InterruptedError())
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const report = reporter()
  try {
    await migrate(given, stop.signal, report)
  } catch (error) {
    report.end()
    stop.signal.throwIfAborted()
    throw error
  } finally {
    process.removeListener('SIGINT', interrupt)
    process.removeListener('SIGTERM', interrupt)
  }
}

async function migrate(given: Args, signal: AbortSignal, report: ReturnType<typeof reporter>) {
  const { account } = given
  const start = {
    wanted: {
      account,
      from: given.from,
      to: originOf(given),
      handle: given['new-handle'],
      email: given.email,
      offline: given.offline,
    },
    folder: new MoveFolder(given.state ?? folderFor(account)),
    answers: answersFrom({
      yes: given.yes,
      oldPassword: secretFrom(given['password-file'], 'CUMULUS_OLD_PASSWORD'),
      newPassword: secretFrom(given['new-password-file'], 'CUMULUS_NEW_PASSWORD'),
      signInCode: given['sign-in-code'],
      plcCode: given['plc-code'],
      inviteCode: given['invite-code'],
      offline: given.offline,
      operator: given,
    }),
    report,
    options: {
      recoveryKey: given['recovery-key'],
      allowMissingBlobs: given['allow-missing-blobs'] ?? false,
      parallel: numberOf(given.parallel, '--parallel', 32),
      waitForDocument: numberOf(given.wait, '--wait', 24 * 60, 0) * 60_000,
    },
    remote: {
      patience: {
        ...PATIENCE,
        attempts: numberOf(given.tries, '--tries', 100),
        silence: numberOf(given.timeout, '--timeout', 3600) * 1000,
      },
      signal,
      onWait: (line: string) => report.note(line),
    },
    network: resolutionSettingsFrom(process.env),
  }
  if (given['dry-run']) {
    const { findings, plan } = await dryRun(start)
    if (given.json) process.stdout.write(`${JSON.stringify({ findings, ...plan })}\n`)
    assertPossible(findings, report)
    for (const line of plan.steps) report.note(line)
    report.end()
    return
  }
  const steps = given.offline ? offlineSteps(offlineParts(given)) : ONLINE
  const move = await startMove(start)
  await runSteps(move, steps)
  report.end()
  const summary = summaryOf(move.state)
  move.state.tokens = {}
  move.state.endedAt ??= new Date().toISOString()
  move.save()
  move.folder.clear()
  process.stdout.write(given.json ? `${JSON.stringify(summary)}\n` : told(summary))
}

/** @throws UsageError */
function offlineParts(given: Args): Parameters<typeof offlineSteps>[0] {
  const { car, blobs, preferences } = given
  if (car === undefined) throw new UsageError('--offline takes a --car file')
  const prompts = new Prompts({ yes: given.yes })
  let key = secretFrom(given['rotation-key'], 'CUMULUS_ROTATION_KEY')
  return {
    car,
    blobs,
    preferences,
    keepKeys: given['keep-keys'],
    async rotationKey() {
      key = await prompts.password({
        message: 'Private rotation key',
        flag: '--rotation-key (or CUMULUS_ROTATION_KEY)',
        given: key,
      })
      return key
    },
  }
}

const told = ({ did, handle, from, to, records, blobs, left }: ReturnType<typeof summaryOf>) =>
  `@${handle} (${did}) has moved from ${from} to ${to}: ${records} records, ${blobs} blobs.\n\nWhat is left to do:\n${left
    .map((line) => `  - ${line}\n`)
    .join('')}`

const folderFor = (account: string): string =>
  `migrate-${account.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '_')}`

function secretFrom(file: string | undefined, variable: string): string | undefined {
  if (file === undefined) return process.env[variable] || undefined
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw new CommandError(`${file} cannot be read`, { cause })
  }
}

function numberOf(text: string, flag: string, most: number, least = 1): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new UsageError(`${flag}: a number from ${least} to ${most}`)
}
