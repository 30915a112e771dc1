/** `cumulus backup --to <place>`: everything of a host, or one account. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ArgsDef } from 'citty'
import { escapeControls } from '../../codegen/escape-controls.ts'
import type { Retention } from '../../src/services/backup/retention.ts'
import { type BackupReport, runBackup } from '../backup/backup.ts'
import { withBackupErrors } from '../backup/errors.ts'
import { HostClient } from '../backup/host-client.ts'
import { findSecrets } from '../backup/secrets.ts'
import { openStore, PLACE } from '../backup/store/open.ts'
import { readCount, readDuration } from '../backup/values.ts'
import { authorizationOf, type OperatorArgs, operatorArgs, originOf } from '../operator/operator.ts'
import { command } from '../terminal/command.ts'
import { CommandError, EXIT } from '../terminal/errors.ts'
import { progress } from '../terminal/progress.ts'

const args = {
  account: {
    type: 'positional',
    required: false,
    description: 'Handle or DID of one account (default: the whole host)',
  },
  to: { type: 'string', required: true, description: PLACE },
  recipient: {
    type: 'string',
    description:
      'age recipient (age1…) to encrypt for, at the first backup (default: a passphrase)',
  },
  'passphrase-file': {
    type: 'string',
    description:
      'File with the passphrase, at the first backup (or CUMULUS_BACKUP_PASSPHRASE; otherwise it is asked for)',
  },
  secrets: {
    type: 'string',
    description: 'File with the secrets of the host (default: the environment, or the data folder)',
  },
  'without-secrets': {
    type: 'boolean',
    default: false,
    description: 'Leave the secrets out: without PDS_KEY_SECRET no signing key can be restored',
  },
  'keep-daily': { type: 'string', description: 'Keep the newest run of so many days' },
  'keep-weekly': { type: 'string', description: 'Keep the newest run of so many weeks' },
  'keep-monthly': { type: 'string', description: 'Keep the newest run of so many months' },
  every: {
    type: 'string',
    description: 'Go on, and run each time so much time has passed, as in 24h',
  },
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print what was done as JSON' },
} as const satisfies ArgsDef

type Args = OperatorArgs & {
  account?: string
  to: string
  recipient?: string
  'passphrase-file'?: string
  secrets?: string
  'without-secrets': boolean
  'keep-daily'?: string
  'keep-weekly'?: string
  'keep-monthly'?: string
  every?: string
  json: boolean
}

export default command({
  name: 'backup',
  description:
    'Backs a running host up, or one account. Repositories, blobs, preferences, sign-in, keys, invites and moderation: ' +
    'docs/backup.md. What has not changed since the last run is not fetched again.',
  args,
  about: `EXAMPLES

  npx cumulus backup --to /mnt/backup                           # asks for a passphrase, the first time
  npx cumulus backup --to s3://bucket/pds --recipient age1…     # with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL
  npx cumulus backup --to /mnt/backup --keep-daily 7 --keep-weekly 4 --keep-monthly 12 --every 24h
  npx cumulus backup alice.example.com --to alice-backup`,
  run: (given) => withBackupErrors(() => run(given)),
})

async function run(args: Args): Promise<void> {
  const every = args.every === undefined ? undefined : readDuration('--every', args.every)
  const retention = readRetention(args)
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  for (;;) {
    const begun = Date.now()
    try {
      const report = await once(args, retention, stop.signal)
      print(report, args.json)
      if (report.failed.length > 0) process.exitCode = EXIT.failed
    } catch (error) {
      if (every === undefined || stop.signal.aborted) throw error
      // One that fails is no reason to make no more.
      const why = error instanceof Error ? error.message : String(error)
      process.stderr.write(`The backup failed: ${escapeControls(why)}\n`)
    }
    if (every === undefined) return
    await sleep(Math.max(0, begun + every - Date.now()), undefined, { signal: stop.signal })
  }
}

async function once(
  args: Args,
  retention: Retention | undefined,
  signal: AbortSignal,
): Promise<BackupReport> {
  const store = await openStore(args.to)
  try {
    return await runBackup({
      host: new HostClient(originOf(args), authorizationOf(args), signal),
      store,
      account: args.account,
      recipient: args.recipient,
      passphraseFile: args['passphrase-file'],
      secrets: (fingerprint) => secretsOf(args, fingerprint),
      retention,
      progress: progress(`Backing up to ${store.name}`, { unit: 'accounts' }),
    })
  } finally {
    await store.close()
  }
}

function secretsOf(args: Args, fingerprint: string) {
  if (args['without-secrets']) return undefined
  const found = findSecrets(args.secrets, fingerprint)
  if (found) return found
  throw new CommandError(
    'The secrets of this host are not known here, and without PDS_KEY_SECRET nobody can read a signing key in its backup. ' +
      'Name a file that has them with --secrets (secrets.json, .dev.vars or the recovery kit), or, if they are kept ' +
      'elsewhere, add --without-secrets.',
  )
}

function readRetention(args: Args): Retention | undefined {
  const { 'keep-daily': daily, 'keep-weekly': weekly, 'keep-monthly': monthly } = args
  if (daily === undefined && weekly === undefined && monthly === undefined) return undefined
  return {
    daily: readCount('--keep-daily', daily),
    weekly: readCount('--keep-weekly', weekly),
    monthly: readCount('--keep-monthly', monthly),
  }
}

function print(report: BackupReport, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`)
    return
  }
  const { accounts, changed, records, blobs, missingBlobs, written, removed, notRemoved } = report
  const lines = [
    `backed up  ${accounts} account${accounts === 1 ? '' : 's'}, ${changed} of them changed: ${records} records, ${blobs} blobs`,
    `written    ${written} bytes, read back and verified`,
    `manifest   ${report.manifest}`,
    ...(missingBlobs > 0 ? [`missing    ${missingBlobs} blobs that the host does not have`] : []),
    ...report.failed.map(({ did, why }) => `failed     ${did}: ${why}`),
    ...(removed ? [`removed    ${removed.runs} runs, ${removed.files} files`] : []),
    ...(notRemoved ? [`removed    nothing: ${notRemoved}`] : []),
  ]
  process.stdout.write(escapeControls(`${lines.join('\n')}\n`, '\n'))
}
