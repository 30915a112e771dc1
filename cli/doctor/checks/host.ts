/** What the host itself knows to be wrong: settings, mail, storage, version. */
import { didYouMean } from '../../../codegen/did-you-mean.ts'
import type { HostReport } from '../../../src/contracts/host-report.ts'
import { settings } from '../../../src/kernel/config/settings.ts'
import { isLoopback } from '../../../src/kernel/loopback.ts'
import { quotaNames } from '../../../src/kernel/quota.ts'
import { isNewer } from '../../../src/kernel/version.ts'
import { bytesInWords, counted } from '../../../src/web/numbers.ts'
import { verifySmtp } from '../../host/mail-relay.ts'
import { messageOf } from '../answers.ts'
import type { Check } from '../check.ts'
import { type Finding, foundIf, Skipped, WELL } from '../finding.ts'

/** ms */
const DAY = 24 * 60 * 60 * 1000
const BACKUP_AGE = 8 * DAY

/** Bytes of a disk. */
const LITTLE_ROOM = 1024 ** 3
const NO_ROOM = 64 * 1024 ** 2
/** Mails that may wait. */
const MANY_MAILS = 100
/** Part of a quota that may be used before it is said. */
const NEARLY = 0.9

/** Settings with which strangers can do harm at once. */
const DANGEROUS: readonly string[] = [
  'PDS_RATE_LIMITS_ENABLED',
  'PDS_DISABLE_SSRF_PROTECTION',
  'PDS_DEV_MODE',
]

const QUOTA_NAMES = {
  records: 'records',
  repositoryBytes: 'bytes of repository',
  blobBytes: 'bytes of blobs',
  uploads: 'uploads in a day',
  uploadBytes: 'bytes of uploads in a day',
} as const

/** What is wrong with the backups that the Worker makes of itself. */
function findingsOf(schedule: HostReport['scheduledBackup'], now: number): Finding[] {
  if (!schedule) return []
  const { last, error, interval } = schedule
  const mend =
    'The log of the Worker says more (`npx wrangler tail`); docs/backup.md, “On Cloudflare”'
  const isLate = last !== null && now - last.finishedAt > 2 * interval + DAY
  return [
    ...foundIf(error !== null, () => ({
      what: `The backup by the Cron trigger fails: ${error?.message}.`,
      severity: 'error',
      mend,
    })),
    ...foundIf(isLate, () => ({
      what: 'The backup by the Cron trigger was not finished in time.',
      severity: 'error',
      mend,
    })),
    ...foundIf(last !== null && last.failed > 0, () => ({
      what: `The backup by the Cron trigger left ${counted(last?.failed ?? 0, 'account')} out: ${last?.why}.`,
      severity: 'error',
      mend,
    })),
    ...foundIf(last !== null && last.notRemoved !== null, () => ({
      what: `Old backups were not removed: ${last?.notRemoved}.`,
      mend,
    })),
  ]
}

export const hostChecks: readonly Check[] = [
  {
    of: 'host',
    id: 'settings-unknown',
    title: 'Every PDS_ variable is a setting',
    severity: 'warning',
    means: 'What somebody wanted to set is not set.',
    mend: 'Correct or remove it; docs/configuration.md has all settings',
    run: async ({ status }) =>
      status.unknownSettings.map((name) => ({
        what: `${name} is set, and is no setting${didYouMean(name, Object.keys(settings))}.`,
      })),
  },
  {
    of: 'host',
    id: 'settings-dangerous',
    title: 'No dangerous combination of settings',
    severity: 'warning',
    means: 'Somebody can harm this host or its accounts, or cannot be helped when it matters.',
    mend: 'Change the setting and start the host anew; docs/operating.md says what each means',
    run: async ({ status }) =>
      status.risks
        // A check of its own.
        .filter(({ settings }) => !settings.includes('PDS_EMAIL_SMTP_URL') || status.sendsMail)
        .map(({ what, help, settings }) => ({
          what,
          mend: help,
          ...(!isLoopback(status.hostname) &&
            settings.some((name) => DANGEROUS.includes(name)) && { severity: 'error' as const }),
        })),
  },
  {
    of: 'host',
    id: 'mail-transport',
    title: 'Mails can leave',
    severity: 'warning',
    means: 'Nobody gets a code for a new password, a move or a confirmed address.',
    mend: 'Set PDS_EMAIL_SMTP_URL or PDS_EMAIL_API_URL (docs/mail.md)',
    async run({ status, isPublic }) {
      if (!isPublic) throw new Skipped('the host is on this machine only (PDS_HOSTNAME)')
      return foundIf(!status.sendsMail, () => ({ what: 'No mail leaves this host.' }))
    },
  },
  {
    of: 'host',
    id: 'mail-login',
    title: 'The mail server lets this host in',
    severity: 'error',
    means: 'No mail leaves: codes and notices do not arrive.',
    mend: 'Correct PDS_EMAIL_SMTP_URL (docs/mail.md)',
    async run({ smtpUrl }) {
      if (!smtpUrl) throw new Skipped('PDS_EMAIL_SMTP_URL is not set on this machine')
      try {
        await verifySmtp(smtpUrl)
        return WELL
      } catch (error) {
        return [{ what: `It says: ${messageOf(error)}.` }]
      }
    },
  },
  {
    of: 'host',
    id: 'mail-queue',
    title: 'Mails are sent',
    severity: 'error',
    means: 'Codes and notices do not arrive.',
    mend: '`npx cumulus mail test <your address>` says what the mail service says; then try them again on /admin/mail',
    async run({ status }) {
      const { waiting, failed, lastError } = status.mails
      const why = lastError ? ` The last error: ${lastError}.` : ''
      if (failed > 0) {
        return [{ what: `${counted(failed, 'mail was', 'mails were')} given up.${why}` }]
      }
      const isMany = waiting > MANY_MAILS
      // One that failed a moment ago is tried again.
      return foundIf(isMany || (waiting > 0 && lastError !== undefined), () => ({
        what: `${counted(waiting, 'mail waits', 'mails wait')}.${why}`,
        severity: 'warning',
      }))
    },
  },
  {
    of: 'host',
    id: 'jobs',
    title: 'The app’s jobs succeed',
    severity: 'warning',
    means: 'What the app does at its times is not done.',
    mend: 'Mend what it says, and `npx cumulus jobs run <name>`; it is run again by itself, too (docs/jobs.md)',
    run: async ({ status: { jobs = [] } }) =>
      jobs
        .filter(({ failures }) => failures > 0)
        .map(({ name, failures, error }) => ({
          what: `${name} has failed ${counted(failures, 'time')}: ${error}.`,
        })),
  },
  {
    of: 'host',
    id: 'webhooks',
    title: 'Webhooks are delivered',
    severity: 'warning',
    means: 'Services outside do not hear of writes.',
    mend: '`npx cumulus webhooks list` says why; `npx cumulus webhooks resume <number>` lets one go on (docs/webhooks.md)',
    run: async ({ status: { webhooks = [] } }) =>
      webhooks.flatMap(({ id, paused, attempts, error, letters }) => [
        ...(paused === null ? [] : [{ what: `Webhook ${id} is paused: ${paused}.` }]),
        ...(paused === null && attempts > 0
          ? [{ what: `Webhook ${id} has failed ${counted(attempts, 'time')} in a row: ${error}.` }]
          : []),
        ...(letters > 0
          ? [{ what: `Webhook ${id} did not take ${counted(letters, 'write')}.` }]
          : []),
      ]),
  },
  {
    of: 'host',
    id: 'blob-store',
    title: 'The blob store gives back what it is given',
    severity: 'error',
    means: 'Pictures and videos cannot be uploaded, or not be seen.',
    mend: 'On this machine: let <PDS_DATA_DIRECTORY>/blobs be writable for the server. On Cloudflare: the bucket of the binding BLOBS in wrangler.toml',
    async run({ askHost }) {
      const { error } = await askHost('/operator/try-blobs', {})
      return foundIf(error !== null, () => ({ what: `It fails: ${error}.` }))
    },
  },
  {
    of: 'host',
    id: 'disk',
    title: 'There is room on the disk',
    severity: 'warning',
    means: 'Without room nothing is stored any more: no posts, no pictures, no new accounts.',
    mend: 'Make room, or move PDS_DATA_DIRECTORY to a larger disk',
    async run({ status: { freeBytes } }) {
      if (freeBytes === undefined)
        throw new Skipped('the host does not know (Cloudflare has no disk)')
      return foundIf(freeBytes < LITTLE_ROOM, () => ({
        what: `${bytesInWords(freeBytes)} are left.`,
        severity: freeBytes < NO_ROOM ? 'error' : 'warning',
      }))
    },
  },
  {
    of: 'host',
    id: 'backup',
    title: 'Backups are made',
    severity: 'note',
    means:
      'When the disk breaks or the host is lost, so is everything that was written since the last one.',
    mend: '`npx cumulus backup --to <folder or s3://bucket>`, each day with `--every 24h` (docs/backup.md)',
    async run({ status: { lastBackupAt, scheduledBackup, now }, isPublic }) {
      if (!isPublic) throw new Skipped('the host is on this machine only (PDS_HOSTNAME)')
      const isOld = lastBackupAt === undefined || now - lastBackupAt > BACKUP_AGE
      return [
        ...foundIf(isOld, () => ({
          what: `No backup of the host was begun within ${BACKUP_AGE / DAY} days.`,
        })),
        ...findingsOf(scheduledBackup, now),
      ]
    },
  },
  {
    of: 'host',
    id: 'errors',
    title: 'No errors of late',
    severity: 'note',
    means: 'Something went wrong for somebody.',
    mend: '`npx cumulus logs --level error` says more',
    run: async ({ status: { errors, now } }) =>
      errors
        .filter(({ at }) => now - at < 60 * 60_000)
        .slice(0, 3)
        .map(({ message, error, times }) => ({
          what: `${message}: ${error}${times > 1 ? ` (${times} times)` : ''}.`,
        })),
  },
  {
    of: 'host',
    id: 'version',
    title: 'The newest version is running',
    severity: 'warning',
    means: 'Faults that are mended already are still there.',
    mend: 'On this machine: `npx cumulus upgrade`. On Cloudflare: get the new version, and `npx cumulus deploy`',
    async run({ status: { version, newest, asksVersion } }) {
      if (!asksVersion) throw new Skipped('nobody is asked (PDS_VERSION_URL)')
      if (newest === undefined) throw new Skipped('who is asked does not say (PDS_VERSION_URL)')
      return foundIf(isNewer(newest, version), () => ({
        what: `Version ${newest} is out, this is ${version}.`,
      }))
    },
  },
  {
    of: 'account',
    id: 'account-status',
    title: 'The account is active',
    severity: 'note',
    means: 'Nobody sees the account, and it cannot write.',
    mend: '`npx cumulus account activate <handle>`; after a takedown: `npx cumulus account restore <handle>`',
    run: async (_, { status }) =>
      foundIf(status !== 'active', () => ({ what: `It is ${status}.` })),
  },
  {
    of: 'account',
    id: 'account-quota',
    title: 'The account has room',
    severity: 'warning',
    means: 'Once it is full, the account cannot post or upload any more.',
    mend: '`npx cumulus account quota <handle> blobs=20G`',
    run: async (_, { usage }) =>
      quotaNames.flatMap((name) => {
        const [used, limit] = [usage[name], usage.limits[name]]
        if (limit === 0 || used < limit * NEARLY) return WELL
        const severity = used >= limit ? 'error' : 'warning'
        return [{ what: `${used} of ${limit} ${QUOTA_NAMES[name]} are used.`, severity }]
      }),
  },
  {
    of: 'account',
    id: 'account-blobs',
    title: 'All blobs are here',
    severity: 'error',
    means: 'Pictures or videos of the account are not shown.',
    mend: 'Upload what is missing from where it was before (com.atproto.repo.listMissingBlobs names it)',
    run: async (_, { missingBlobs }) =>
      foundIf(missingBlobs > 0, () => ({
        what: `${counted(missingBlobs, 'blob is', 'blobs are')} missing that records refer to.`,
      })),
  },
]
