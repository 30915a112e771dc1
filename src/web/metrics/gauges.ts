/** What the objects are asked when somebody reads the metrics. */
import { version } from '../../../package.json'
import type { Services } from '../../context/services.ts'
import { hasCollectionFiles } from '../../kernel/collection-files.ts'
import { hasJobs } from '../../kernel/job-files.ts'
import { counter, gauge } from '../../kernel/metrics/counters.ts'
import type { Family } from '../../kernel/metrics/exposition.ts'
import { msSince } from '../../kernel/ms-since.ts'
import { reportWebhooks } from '../../services/webhooks/webhooks.ts'
import { directoryGauges, logGauges } from './divisions.ts'

/** How long an answer counts, in ms, so that several who read often cost no more than one. */
const FRESH = 5_000
/** The same for what reads a row for each account. */
const FRESH_ACCOUNTS = 60_000
/** ms; an object that takes longer is left out. */
const TIMEOUT = 4_000

type Source = (services: Services) => Promise<Family[]>

interface Known {
  at: number
  families: Promise<Family[] | undefined>
}

const firehose: Source = async ({ sequencer }) => {
  const { head, consumers, behind, lastEventAt, accounts, log } = await sequencer.status()
  return [
    ...(log ? logGauges(log) : []),
    gauge('cumulus_firehose_sequence', 'Number of the newest event.', head),
    gauge('cumulus_firehose_consumers', 'Consumers of the firehose.', consumers),
    gauge(
      'cumulus_firehose_behind_events',
      'Events that the slowest consumer has not been sent.',
      behind,
    ),
    gauge('cumulus_firehose_accounts', 'Accounts that have had events.', accounts),
    gauge(
      'cumulus_firehose_last_event_timestamp_seconds',
      'When the newest event was stored.',
      lastEventAt === undefined ? undefined : lastEventAt / 1000,
    ),
  ]
}

const mail: Source = async ({ directory }) => {
  const { waiting, failed, dropped } = await directory.mails.counts()
  return [
    gauge('cumulus_mail_waiting', 'Mails that wait to be sent.', waiting),
    gauge('cumulus_mail_failed', 'Mails that were given up, in 30 days.', failed),
    gauge('cumulus_mail_dropped', 'Mails for which there was no budget, in 30 days.', dropped),
  ]
}

const accounts: Source = async ({ directory, sequencer }) => {
  const [counts, activity] = await Promise.all([directory.accounts.counts(), sequencer.activity()])
  return [
    gauge('cumulus_accounts', 'Accounts.', counts.all),
    gauge('cumulus_accounts_taken_down', 'Accounts that were taken down.', counts.takenDown),
    gauge('cumulus_accounts_attention', 'Accounts that need attention.', counts.attention),
    gauge(
      'cumulus_accounts_active_day',
      'Accounts with an event within a day.',
      activity.active.day,
    ),
    gauge(
      'cumulus_stored_bytes',
      'Repositories and blobs, as the accounts told on a day on which they wrote.',
      counts.storedBytes,
    ),
    gauge('cumulus_firehose_log_bytes', 'Database of the firehose.', activity.bytes),
  ]
}

const machine: Source = async ({ space }) => {
  const facts = await space.facts()
  if (!facts) return []
  return [
    gauge('cumulus_disk_free_bytes', 'Room on the disk with the data.', facts.freeBytes),
    gauge('cumulus_disk_size_bytes', 'The disk with the data.', facts.totalBytes),
    gauge(
      'process_resident_memory_bytes',
      'Memory of workerd.',
      facts.residentBytes === null ? undefined : facts.residentBytes,
    ),
    gauge('process_start_time_seconds', 'When workerd was started.', facts.startedAt / 1000),
    counter('cumulus_restarts', 'How often workerd ended by itself.', facts.restarts),
  ]
}

const backups: Source = async (services) => {
  const schedule = await services.scheduledBackup()
  if (!schedule) return []
  const { last, error } = schedule
  return [
    gauge(
      'cumulus_backup_last_timestamp_seconds',
      'When the last backup by the Cron trigger was finished.',
      last === null ? undefined : last.finishedAt / 1000,
    ),
    gauge('cumulus_backup_failed_accounts', 'Accounts that it left out.', last?.failed),
    gauge('cumulus_backup_failing', 'Whether the last trigger failed.', error ? 1 : 0),
  ]
}

/** What collection files ask for. */
const collections: Source = async ({ hostIndex }) => {
  if (!hasCollectionFiles()) return []
  const { collections: all, hooks, failed, shards, change } = await hostIndex.operator.report()
  const sum = (what: 'waiting' | 'letters' | 'behind' | 'lost') =>
    hooks.reduce((total, one) => total + one[what], 0)
  return [
    gauge('cumulus_hooks_waiting', 'Writes that wait for hooks.', sum('waiting')),
    gauge(
      'cumulus_hooks_behind_accounts',
      'Accounts whose further writes wait for hooks in the log.',
      sum('behind'),
    ),
    counter(
      'cumulus_hooks_lost',
      'How often writes of an account had left the log before a hook was told.',
      sum('lost'),
    ),
    gauge(
      'cumulus_hooks_given_up',
      'Writes of which hooks were not told, and kept.',
      sum('letters'),
    ),
    gauge(
      'cumulus_indexes_filling',
      'Collections that are being read into an index.',
      all.filter(({ filling }) => filling).length,
    ),
    gauge('cumulus_index_shards', 'Objects that share the index.', shards.length),
    gauge(
      'cumulus_index_bytes',
      'Bytes of all of them.',
      shards.reduce((total, { bytes }) => total + bytes, 0),
    ),
    gauge(
      'cumulus_index_largest_bytes',
      'Bytes of the largest, which may have 10 GB on Cloudflare.',
      Math.max(0, ...shards.map(({ bytes }) => bytes)),
    ),
    gauge('cumulus_index_dividing', 'Whether the index is divided anew.', change ? 1 : 0),
    gauge(
      'cumulus_collection_files_failed',
      'Collection files that cannot be loaded.',
      failed.length,
    ),
  ]
}

/** What the app does at its times. A job has a name of the project's files. */
const jobs: Source = async ({ hostIndex }) => {
  if (!hasJobs()) return []
  const all = await hostIndex.jobs.list()
  return [
    {
      name: 'cumulus_job_last_success_timestamp_seconds',
      type: 'gauge',
      help: 'When the last run of a job began that succeeded.',
      samples: all.flatMap(({ name, lastRun }) =>
        lastRun === null ? [] : [{ labels: { job: name }, value: lastRun / 1000 }],
      ),
    },
    {
      name: 'cumulus_job_failures',
      type: 'gauge',
      help: 'Runs of a job that have failed since.',
      samples: all.map(({ name, failures }) => ({ labels: { job: name }, value: failures })),
    },
  ]
}

/** Services outside that are told of writes. */
const webhooks: Source = async (services) => {
  const all = await reportWebhooks(services)
  if (all.length === 0) return []
  return [
    gauge(
      'cumulus_webhooks_paused',
      'Webhooks to which nothing is sent.',
      all.filter(({ paused }) => paused !== null).length,
    ),
    gauge(
      'cumulus_webhooks_failing',
      'Webhooks whose last attempt failed.',
      all.filter(({ attempts }) => attempts > 0).length,
    ),
    gauge(
      'cumulus_webhooks_behind_events',
      'Events that the slowest one has not come to.',
      Math.max(...all.map(({ behind }) => behind)),
    ),
    gauge(
      'cumulus_webhooks_given_up',
      'Writes that were not taken, and are kept.',
      all.reduce((sum, { letters }) => sum + letters, 0),
    ),
  ]
}

const SOURCES: readonly { name: string; fresh: number; read: Source }[] = [
  { name: 'firehose', fresh: FRESH, read: firehose },
  { name: 'mail', fresh: FRESH, read: mail },
  { name: 'collections', fresh: FRESH, read: collections },
  { name: 'jobs', fresh: FRESH, read: jobs },
  { name: 'webhooks', fresh: FRESH, read: webhooks },
  { name: 'machine', fresh: FRESH, read: machine },
  { name: 'accounts', fresh: FRESH_ACCOUNTS, read: accounts },
  { name: 'directory', fresh: FRESH_ACCOUNTS, read: directoryGauges },
  { name: 'backups', fresh: FRESH_ACCOUNTS, read: backups },
]

/** Gauges of this host, each source asked no more often than its answers count. */
export class Gauges {
  readonly #known = new Map<string, Known>()

  async read(services: Services): Promise<Family[]> {
    const now = Date.now()
    const read = await Promise.all(
      SOURCES.map(async ({ name, fresh, read }) => {
        const known = this.#known.get(name)
        if (known && msSince(known.at, now) < fresh) return { name, families: await known.families }
        const families = withinTime(read(services)).catch((error: unknown) => {
          services.log.error('metrics could not be read', error, { source: name })
          return undefined
        })
        this.#known.set(name, { at: now, families })
        return { name, families: await families }
      }),
    )
    return [
      { name: 'cumulus_build', type: 'info', help: 'What runs here.', samples: [{ version }] },
      {
        name: 'cumulus_up',
        type: 'gauge',
        help: 'Whether a part of the host answered.',
        samples: read.map(({ name, families }) => ({
          labels: { part: name },
          value: families ? 1 : 0,
        })),
      },
      ...read.flatMap(({ families }) => families ?? []),
    ]
  }
}

function withinTime<T>(work: Promise<T>): Promise<T> {
  const late = scheduler.wait(TIMEOUT).then(() => {
    throw new Error(`no answer within ${TIMEOUT} ms`)
  })
  return Promise.race([work, late])
}
