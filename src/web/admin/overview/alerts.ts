/** What somebody should do something about, with where that is done. */
import { isNewer } from '../../../kernel/version.ts'
import { fullObjects, stalledDivisions } from '../../divisions.ts'
import { bytesInWords, counted } from '../../numbers.ts'
import { isWell } from '../sections/relay-words.ts'
import type { HostState } from './read.ts'

export interface Alert {
  what: string
  /** What to do, in a sentence. */
  help: string
  /** Page of the console, below `/admin/`, and what its link says. */
  path: string
  title: string
  /** Something does not work; otherwise something waits. */
  grave: boolean
}

/** Bytes of a disk. */
const LITTLE_ROOM = 1024 ** 3

/** Events that a consumer may be behind, and mails that may wait. */
const FAR_BEHIND = 1000
/** Attempts in a row that may fail: two minutes. */
const FEW_ATTEMPTS = 6
const MANY_MAILS = 100

/** Bytes of one object of the index: seven tenths of what it may have. */
const MUCH = 7 * 1000 ** 3

export function alerts(host: HostState): Alert[] {
  const { accounts, burst, firehose, freeBytes, mails, newest, risks, said, version } = host
  const { scheduledBackup } = host
  const relays = { path: 'relays', title: 'Relays and firehose' }
  // One that does not say may not have the method: whether it listens is what counts.
  const unwell = said.filter((one) => one.kind !== 'failed' && !isWell(one)).length
  const behind = (host.index?.hooks ?? []).filter((one) => (one.behind ?? 0) > 0)
  // Plain workerd has no such limit, and knows what is left on the disk.
  const fullest =
    freeBytes === undefined
      ? Math.max(0, ...(host.index?.shards ?? []).map(({ bytes }) => bytes))
      : 0
  const looked = { now: Date.now(), isLimited: freeBytes === undefined }
  const almostFull = fullObjects(firehose.log, host.divisions, host.activity.bytes, looked)
  const stalled = stalledDivisions(firehose.log, host.divisions, looked)
  const failing = host.jobs.filter(({ failures }) => failures > 0)
  const givenUp = (host.index?.hooks ?? []).reduce((sum, { letters }) => sum + letters, 0)
  const unserved = host.webhooks.filter(
    ({ paused, attempts }) => paused !== null || attempts > FEW_ATTEMPTS,
  )
  const refused = host.webhooks.reduce((sum, { letters }) => sum + letters, 0)
  const all: (Alert | false)[] = [
    freeBytes !== undefined &&
      freeBytes < LITTLE_ROOM && {
        what: `${bytesInWords(freeBytes)} are left on the disk.`,
        help: 'Without any, nothing is stored any more: make room, or move the data to a larger disk.',
        path: 'settings',
        title: 'Where the data are',
        grave: true,
      },
    firehose.consumers === 0 &&
      firehose.lastEventAt !== undefined && {
        what: 'Nobody listens.',
        help: 'What accounts here write is not seen elsewhere: ask a relay to crawl, and check that WebSockets get through.',
        ...relays,
        grave: true,
      },
    unwell > 0 && {
      what: `${counted(unwell, 'relay does', 'relays do')} not take this host for well.`,
      help: 'What each says, and what helps, is on the page.',
      ...relays,
      grave: true,
    },
    firehose.behind > FAR_BEHIND && {
      what: `A consumer is ${counted(firehose.behind, 'event')} behind.`,
      help: 'If that grows, end its connection: it comes back.',
      ...relays,
      grave: false,
    },
    (mails.failed > 0 || mails.waiting > MANY_MAILS) && {
      what:
        mails.failed > 0
          ? `${counted(mails.failed, 'mail was', 'mails were')} given up.`
          : `${counted(mails.waiting, 'mail waits', 'mails wait')}.`,
      help: `${mails.lastError ? `The last error: ${mails.lastError}.` : ''} Mend what is wrong, then try them again.`,
      path: 'mail',
      title: 'Mail',
      grave: true,
    },
    ...(host.index?.failed ?? []).map(({ message }) => ({
      what: `${message}.`,
      help: 'Writes into its collection are refused until a release in which it can be: the log says where it throws.',
      path: 'collections',
      title: 'Collections',
      grave: true,
    })),
    fullest > MUCH && {
      what: `An object of the index has ${bytesInWords(fullest)}, of the 10 GB that Cloudflare gives it.`,
      help: `Set PDS_INDEX_SHARDS to ${2 * (host.index?.shards?.length ?? 1)} and deploy: it is divided while the host runs.`,
      path: 'collections',
      title: 'Collections',
      grave: true,
    },
    ...almostFull.map((what) => ({
      what,
      help: 'Set PDS_LOG_SHARDS or PDS_DIRECTORY_SHARDS higher and deploy: it is divided while the host runs. For a directory that is itself too large, open a second host.',
      path: 'settings',
      title: 'Settings',
      grave: true,
    })),
    ...stalled.map((what) => ({
      what,
      help: 'The log says why. It is tried again by itself.',
      path: 'settings',
      title: 'Settings',
      grave: true,
    })),
    behind.length > 0 && {
      what: `More writes wait for the hook of ${behind.map(({ collection }) => collection).join(', ')} than are kept ready.`,
      help: 'They are told from the log of events, as long as that has them: see why the hook fails or is slow.',
      path: 'collections',
      title: 'Collections',
      grave: false,
    },
    givenUp > 0 && {
      what: `Hooks were not told of ${counted(givenUp, 'write')}.`,
      help: 'The page says why: mend it, then tell them again.',
      path: 'collections',
      title: 'Collections',
      grave: true,
    },
    failing.length > 0 && {
      what: `${counted(failing.length, 'job fails', 'jobs fail')}: ${failing.map(({ name }) => name).join(', ')}.`,
      help: 'Each is run again by itself. The page says why it fails.',
      path: 'jobs',
      title: 'Jobs',
      grave: true,
    },
    unserved.length > 0 && {
      what: `${counted(unserved.length, 'webhook is', 'webhooks are')} paused, or failing for a while.`,
      help: 'The page says why. What is not sent within the time that the log of events has it is lost to that service.',
      path: 'webhooks',
      title: 'Webhooks',
      grave: true,
    },
    refused > 0 && {
      what: `Webhooks did not take ${counted(refused, 'write')}.`,
      help: 'The page says what they answered: send them again when that is mended.',
      path: 'webhooks',
      title: 'Webhooks',
      grave: false,
    },
    burst.episode !== null && {
      what: `Sign-ups come in a burst: ${burst.lastHour} in the last hour.`,
      help: 'They are slowed by themselves. Close the host, or look at who came, if that is not enough.',
      path: 'sign-ups',
      title: 'Sign-ups',
      grave: true,
    },
    scheduledBackup?.error !== undefined &&
      scheduledBackup.error !== null && {
        what: 'The backup by the Cron trigger failed.',
        help: `${scheduledBackup.error.message}.`,
        path: 'settings',
        title: 'Settings',
        grave: true,
      },
    host.waiting > 0 && {
      what: `${counted(host.waiting, 'sign-up waits', 'sign-ups wait')} for approval.`,
      help: 'Approve or refuse.',
      path: 'sign-ups',
      title: 'Sign-ups',
      grave: false,
    },
    host.openReports > 0 && {
      what: `${counted(host.openReports, 'report is', 'reports are')} open.`,
      help: 'Look at each, and close it.',
      path: 'moderation/reports',
      title: 'Reports',
      grave: false,
    },
    accounts.attention > 0 && {
      what: `${counted(accounts.attention, 'account needs', 'accounts need')} attention.`,
      help: 'Why is said on the page of each.',
      path: 'accounts?show=attention',
      title: 'Accounts that need attention',
      grave: false,
    },
    risks.length > 0 && {
      what: `${counted(risks.length, 'thing')} in the settings should be looked at.`,
      help: risks[0]?.what ?? '',
      path: 'settings',
      title: 'Settings',
      grave: false,
    },
    newest !== undefined &&
      isNewer(newest, version) && {
        what: `Version ${newest} is out.`,
        help: `This is ${version}: get the new one, and start it anew.`,
        path: 'settings',
        title: 'Settings',
        grave: false,
      },
  ]
  return all.filter((alert) => alert !== false)
}
