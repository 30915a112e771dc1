/** What the overview shows, read at once. */
import { version } from '../../../../package.json'
import type { Services } from '../../../context/services.ts'
import type { DirectoryReport } from '../../../contracts/directory-division.ts'
import type { IndexReport } from '../../../contracts/host-index.ts'
import type { ScheduledBackup } from '../../../contracts/host-report.ts'
import type { JobState } from '../../../contracts/jobs.ts'
import type { FirehoseStatus } from '../../../contracts/sequencer.ts'
import type { WebhookView } from '../../../contracts/webhooks.ts'
import { hasCollectionFiles } from '../../../kernel/collection-files.ts'
import { type Risk, risksOf } from '../../../kernel/config/risks.ts'
import { hasJobs } from '../../../kernel/job-files.ts'
import type { Quota } from '../../../kernel/quota.ts'
import { reportDirectory } from '../../../services/accounts/directory-report.ts'
import type { RelayStatus } from '../../../services/relays.ts'
import { reportWebhooks } from '../../../services/webhooks/webhooks.ts'
import type { AccountCounts } from '../../../storage/directory/account-list.ts'
import type { BurstView } from '../../../storage/directory/bursts.ts'
import type { HostActivity } from '../../../storage/sequencer/activity.ts'
import { bytesInWords, inThousands } from '../../numbers.ts'
import { type Behind, countBehind } from '../sections/relay-words.ts'

export interface HostState {
  version: string
  /** Whether anybody is asked for the newest version, and which that is; undefined: nobody says. */
  asksVersion: boolean
  newest: string | undefined
  accounts: AccountCounts
  activity: HostActivity
  /** undefined: it does not say. */
  divisions: DirectoryReport | undefined
  firehose: FirehoseStatus
  /** What the relays of `firehose` say, in their order. */
  said: readonly RelayStatus[]
  /** How many events each of them has not got. */
  behind: Behind
  /** What collection files ask for; undefined: there are none. */
  index: IndexReport | undefined
  jobs: readonly JobState[]
  webhooks: readonly WebhookView[]
  mails: { waiting: number; failed: number; lastError: string | undefined }
  /** Sign-ups that wait for approval, and those of late. */
  waiting: number
  burst: BurstView
  openReports: number
  /** undefined: nobody knows. */
  freeBytes: number | undefined
  /** PDS_FIREHOSE_MAX_LOG, bytes. */
  logLimit: number
  quotaWords: string
  /** undefined: the Worker is not set up to back itself up. */
  scheduledBackup: ScheduledBackup | undefined
  risks: readonly Risk[]
}

export async function readHost(services: Services): Promise<HostState> {
  const { config, directory, sequencer, hostIndex, mail, newestVersion, relays, space } = services
  // One that does not answer is no reason to show nothing.
  const scheduled = services.scheduledBackup().catch(() => undefined)
  const firehose = await sequencer.status()
  const [
    accounts,
    activity,
    divisions,
    said,
    mails,
    queue,
    burst,
    openReports,
    freeBytes,
    newest,
    index,
    jobs,
    webhooks,
  ] = await Promise.all([
    directory.accounts.counts(),
    sequencer.activity(),
    reportDirectory(services).catch(() => undefined),
    Promise.all(firehose.relays.map(({ url }) => relays.of(url))),
    directory.mails.counts(),
    directory.signUps.list(1),
    directory.signUps.burst(),
    directory.reports.countOpen(),
    space.free(),
    newestVersion.get(),
    hasCollectionFiles() ? hostIndex.operator.report() : undefined,
    hasJobs() ? hostIndex.jobs.list() : [],
    reportWebhooks(services),
  ])
  return {
    version,
    asksVersion: newestVersion.isAsked,
    newest,
    accounts,
    activity,
    divisions,
    firehose,
    said,
    behind: await countBehind(said, services),
    index,
    jobs,
    webhooks,
    mails,
    waiting: queue.total,
    burst,
    openReports,
    freeBytes,
    logLimit: config.eventRetention.size,
    quotaWords: quotaWords(config.quota),
    scheduledBackup: await scheduled,
    risks: risksOf(config, mail.sends),
  }
}

export const quotaWords = ({ records, repositoryBytes, blobBytes }: Quota): string =>
  [
    records === 0 ? 'any number of records' : `${inThousands(records)} records`,
    repositoryBytes === 0 ? 'any repository' : `${bytesInWords(repositoryBytes)} of repository`,
    blobBytes === 0 ? 'any blobs' : `${bytesInWords(blobBytes)} of blobs`,
  ].join(', ')
