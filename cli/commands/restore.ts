/** `cumulus restore --from <place>`: a whole host, or one account. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ArgsDef } from 'citty'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { entryOf, findManifest } from '../../src/services/backup/catalog.ts'
import { BackupFiles } from '../../src/services/backup/files.ts'
import type { HostSecrets } from '../../src/services/backup/host-secrets.ts'
import { openerOf, type SecretArgs, secretArgs } from '../backup/config.ts'
import { withBackupErrors } from '../backup/errors.ts'
import { HostClient } from '../backup/host-client.ts'
import { exitWhenInterrupted } from '../backup/interrupt.ts'
import { putSecrets, startOfflineHost } from '../backup/offline-host.ts'
import { OpenBackup } from '../backup/open-backup.ts'
import { restoreHost, restoreOneAccount } from '../backup/restore-host.ts'
import { keySecretsOf, readSecretsFile } from '../backup/secrets.ts'
import { openStore, PLACE } from '../backup/store/open.ts'
import { writeFileSafely } from '../host/safe-file.ts'
import { authorizationOf, type OperatorArgs, operatorArgs, originOf } from '../operator/operator.ts'
import { command } from '../terminal/command.ts'
import { CommandError, UsageError } from '../terminal/errors.ts'
import { progress } from '../terminal/progress.ts'

const args = {
  account: {
    type: 'positional',
    required: false,
    description: 'Handle or DID of one account (default: the whole host)',
  },
  from: { type: 'string', required: true, description: PLACE },
  at: {
    type: 'string',
    description: 'The newest backup that is not later, such as 2026-11-26 (default: the newest)',
  },
  into: {
    type: 'string',
    description:
      'Empty data folder of a host on this machine that is not running (PDS_DATA_DIRECTORY)',
  },
  'secrets-to': {
    type: 'string',
    description: 'Only write the secrets of the host to this file, as lines of NAME=value',
  },
  secrets: {
    type: 'string',
    description: 'File with the secrets of the host, where the backup was made without them',
  },
  sessions: {
    type: 'boolean',
    default: false,
    description:
      'Sessions go on, also those that were ended after the backup (default: everybody signs in anew)',
  },
  overwrite: {
    type: 'boolean',
    default: false,
    description: 'Replace the account where it is on the host: what came after the backup is lost',
  },
  ...secretArgs,
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print what was done as JSON' },
} as const satisfies ArgsDef

type Args = OperatorArgs &
  SecretArgs & {
    account?: string
    from: string
    at?: string
    into?: string
    'secrets-to'?: string
    secrets?: string
    sessions: boolean
    overwrite: boolean
    json: boolean
  }

export default command({
  name: 'restore',
  description:
    'Restores a host from a backup into an empty one, or one account into a host that is running. A second run goes on ' +
    'where the first one broke off. docs/backup.md has the steps.',
  args,
  about: `EXAMPLES

  npx cumulus restore --from /mnt/backup --into data            # on this machine; then npm start
  npx cumulus restore --from s3://bucket/pds --secrets-to new.vars
  npx cumulus restore --from s3://bucket/pds --host https://pds.example.com
  npx cumulus restore alice.example.com --from /mnt/backup --overwrite`,
  run: (given) => withBackupErrors(() => run(given)),
})

async function run(args: Args): Promise<void> {
  const { account, at, into } = args
  if (into !== undefined && (args.host !== undefined || account !== undefined || args.overwrite)) {
    throw new UsageError(
      '--into restores a whole host into a folder: it goes without --host, --overwrite and an account',
    )
  }
  if (args.overwrite && account === undefined) {
    throw new UsageError(
      '--overwrite is for one account: a whole host is restored into an empty one',
    )
  }
  exitWhenInterrupted()
  const store = await openStore(args.from, { mustExist: true })
  try {
    const files = new BackupFiles(store)
    const found = await findManifest(
      files,
      (manifest) => (account ? entryOf(manifest, account) !== undefined : manifest.kind === 'host'),
      account ?? 'a host',
      at,
    )
    const backup = new OpenBackup(files, found, await openerOf(store, args))
    const secrets = args.secrets ? readSecretsFile(args.secrets) : await backup.secrets()
    if (args['secrets-to'] !== undefined) writeSecrets(args['secrets-to'], secrets)
    else if (account !== undefined) await one(args, account, backup, secrets)
    else if (into !== undefined) await intoFolder(args, resolve(into), backup, secrets)
    else
      await intoHost(args, new HostClient(originOf(args), authorizationOf(args)), backup, secrets)
  } finally {
    await store.close()
  }
}

async function one(
  args: Args,
  account: string,
  backup: OpenBackup,
  secrets: HostSecrets | undefined,
): Promise<void> {
  const { sessions, overwrite } = args
  const entry = entryOf(backup.manifest, account)
  if (!entry) throw new CommandError(`The backup has no account ${account}.`)
  const bar = progress(`Restoring ${entry.handle}`)
  const restored = await restoreOneAccount(backup, entry, {
    host: new HostClient(originOf(args), authorizationOf(args)),
    sessions,
    overwrite,
    keySecrets: keySecretsOf(secrets ?? {}),
    progress: bar,
  })
  const { handle, did, elsewhere } = restored
  bar.done('restored')
  print(args, { ...restored, backup: backup.found.at }, [
    `restored  ${handle} (${did}), as of ${backup.found.at}`,
    ...(elsewhere === null
      ? []
      : [`It is deactivated, since its identity does not say that it is here: ${elsewhere}`]),
  ])
}

async function intoHost(
  args: Args,
  host: HostClient,
  backup: OpenBackup,
  secrets: HostSecrets | undefined,
): Promise<void> {
  const { accounts } = backup.manifest
  const bar = progress(`Restoring to ${host.origin}`, { total: accounts.length, unit: 'accounts' })
  const restored = await restoreHost(backup, {
    host,
    sessions: args.sessions,
    announce: true,
    keySecrets: keySecretsOf(secrets ?? {}),
    progress: bar,
  })
  bar.done('restored')
  print(args, { accounts: restored, backup: backup.found.at, origin: host.origin }, [
    restored === 0
      ? `This host was restored from the backup of ${backup.found.at} before: nothing was done.`
      : `restored  ${restored} accounts, as of ${backup.found.at}`,
    args.sessions
      ? 'Sessions go on.'
      : 'Everybody signs in anew, with the password, passkey or app password that they had.',
  ])
}

async function intoFolder(
  args: Args,
  folder: string,
  backup: OpenBackup,
  secrets: HostSecrets | undefined,
): Promise<void> {
  if (!secrets?.PDS_KEY_SECRET) throw noSecrets()
  const offline = await startOfflineHost(folder, putSecrets(folder, secrets))
  try {
    await intoHost(args, offline.client, backup, secrets)
  } finally {
    await offline.stop()
  }
  if (!args.json) {
    process.stdout.write(
      `\nStart the host with this folder (PDS_DATA_DIRECTORY=${folder} npx cumulus serve) and the settings that it had.\n`,
    )
  }
}

function writeSecrets(path: string, secrets: HostSecrets | undefined): void {
  if (!secrets) throw noSecrets()
  if (existsSync(path)) throw new CommandError(`${path} is there already: name another file.`)
  const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`)
  writeFileSafely(path, lines.join(''))
  process.stderr.write(
    `The secrets are in ${path}, for its owner only: delete it when they are set.\n`,
  )
}

const noSecrets = () =>
  new CommandError(
    'This backup was made without the secrets of the host: name a file that has them with --secrets.',
  )

function print(args: Args, json: object, lines: readonly string[]): void {
  process.stdout.write(
    args.json ? `${JSON.stringify(json)}\n` : escapeControls(`${lines.join('\n')}\n`, '\n'),
  )
}
