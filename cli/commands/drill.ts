/** `cumulus drill --from <place>`: whether the newest backup can be restored. */
import type { ArgsDef } from 'citty'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { BackupFiles } from '../../src/services/backup/files.ts'
import { openerOf, type SecretArgs, secretArgs } from '../backup/config.ts'
import { type DrillReport, runDrill } from '../backup/drill.ts'
import { withBackupErrors } from '../backup/errors.ts'
import { exitWhenInterrupted } from '../backup/interrupt.ts'
import { readSecretsFile } from '../backup/secrets.ts'
import { openStore, PLACE } from '../backup/store/open.ts'
import { age, readDuration } from '../backup/values.ts'
import { command } from '../terminal/command.ts'
import { EXIT } from '../terminal/errors.ts'
import { progress } from '../terminal/progress.ts'

const args = {
  from: { type: 'string', required: true, description: PLACE },
  secrets: {
    type: 'string',
    description: 'File with the secrets of the host, where the backup was made without them',
  },
  'max-age': {
    type: 'string',
    description: 'Fail where the newest backup is older than this, such as 2d',
  },
  all: {
    type: 'boolean',
    default: false,
    description: 'Read the files of all backups that are kept, not only those of the newest',
  },
  ...secretArgs,
  json: { type: 'boolean', default: false, description: 'Print the result as JSON' },
} as const satisfies ArgsDef

type Args = SecretArgs & {
  from: string
  secrets?: string
  'max-age'?: string
  all: boolean
  json: boolean
}

export default command({
  name: 'drill',
  description:
    'Restores the newest backup of a host into a scratch host on this machine, which reaches nobody, and compares every ' +
    'record, commit, blob, handle and row. Says which backup is the newest that was shown to be good.',
  args,
  about: `EXAMPLES

  npx cumulus drill --from /mnt/backup --passphrase-file passphrase.txt
  npx cumulus drill --from s3://bucket/pds --identity key.txt --max-age 2d --json`,
  run: (given) => withBackupErrors(() => run(given)),
})

async function run(args: Args): Promise<void> {
  const maxAge =
    args['max-age'] === undefined ? undefined : readDuration('--max-age', args['max-age'])
  exitWhenInterrupted()
  const store = await openStore(args.from, { mustExist: true })
  try {
    const report = await runDrill({
      files: new BackupFiles(store),
      opener: () => openerOf(store, args),
      secrets: args.secrets === undefined ? undefined : readSecretsFile(args.secrets),
      all: args.all,
      progress: progress(`Drill of ${store.name}`, { unit: 'accounts' }),
    })
    const problems = [...report.problems, ...tooOld(report, maxAge)]
    const ok = problems.length === 0
    if (!ok) process.exitCode = EXIT.failed
    if (args.json) process.stdout.write(`${JSON.stringify({ ...report, ok, problems })}\n`)
    else process.stdout.write(escapeControls(`${inWords(report, problems).join('\n')}\n`, '\n'))
  } finally {
    await store.close()
  }
}

function tooOld({ takenAt }: DrillReport, maxAge: number | undefined): string[] {
  if (takenAt === null || maxAge === undefined) return []
  const isOld = Date.now() - Date.parse(takenAt) > maxAge
  return isOld ? [`the newest backup is ${age(takenAt)} old`] : []
}

function inWords(report: DrillReport, problems: readonly string[]): string[] {
  const { ok, takenAt, accounts, records, blobs, rows, newestProven } = report
  return [
    ...(ok && takenAt
      ? [
          `restored  the backup of ${takenAt}, ${age(takenAt)} old`,
          `compared  ${accounts} accounts, ${records} records, ${blobs} blobs, ${rows} rows: all as in the backup`,
        ]
      : []),
    ...problems.map((problem) => `problem   ${problem}`),
    newestProven
      ? `proven    the newest backup that a drill has shown to be good is that of ${newestProven.takenAt}, ` +
        `${age(newestProven.takenAt)} old; it was restored on ${newestProven.provenAt}`
      : 'proven    no drill has shown a backup to be good yet',
  ]
}
