/** What is to be said of the objects that share the log and the directory; to operators, here and on the command line. */
import type { HostReport, LiveReport } from '../contracts/host-report.ts'
import { bytesInWords, counted, inThousands } from './numbers.ts'

type Log = NonNullable<LiveReport['firehose']['log']>
type Directory = NonNullable<HostReport['directory']>

/** Bytes that Cloudflare gives an object, and seven tenths of them. */
const LIMIT = 10 * 1000 ** 3
const MUCH = 0.7 * LIMIT

/** ms without progress after which a copy has stalled; the alarm tries it again after 10 minutes at most. */
const STALLED = 20 * 60 * 1000
/** ms that handing over accounts may take: a million take some minutes. */
const LONG = 60 * 60 * 1000
/** ms that a copy may be behind that nobody asks: it looks every hour. */
const OLD = 2 * 60 * 60 * 1000

/**
 * Half of what one object of each kind bears (docs/scaling.md): events of a day, which come to 25 per second and four times that at
 * peaks, and accounts.
 */
const MANY_EVENTS = 25 * 24 * 60 * 60
const MANY_ACCOUNTS = 850_000
/** Part of `PDS_FIREHOSE_MAX_LOG` from which on events may go before their time. */
const ALMOST = 0.9

type Size = { bytes: number; answers: boolean }

/** @param isLimited whether objects have the limits of Cloudflare */
export interface Looked {
  now: number
  isLimited: boolean
}

/** `2 MB, 3 MB in 2 objects`; of Cloudflare, with what that is of 10 GB. */
function sizes(shards: readonly Size[], isLimited: boolean): string {
  const each = shards.map(({ bytes, answers }) => (answers ? bytesInWords(bytes) : 'no answer'))
  const largest = Math.max(0, ...shards.map(({ bytes }) => bytes))
  const share = isLimited ? `, the largest ${percent(largest / LIMIT)} of 10 GB` : ''
  return `${each.join(', ')} in ${counted(shards.length, 'object')}${share}`
}

const percent = (part: number): string => `${Math.floor(100 * Math.min(part, 1))} %`

/** How large the objects are that share the log, and what they have not handed over. */
export function logInWords({ shards, changes, change }: Log, isLimited = false): string {
  const waiting = shards.reduce((sum, one) => sum + one.waiting, 0)
  const accounts = shards.reduce((sum, one) => sum + (one.accounts ?? 0), 0)
  const progress = change
    ? `being divided among ${counted(change.shards, 'object')}: ${counted(change.left, 'account')} still to be handed over`
    : 'being divided anew'
  return [
    sizes(shards, isLimited),
    ...(accounts > 0 ? [counted(accounts, 'account')] : []),
    ...(waiting > 0 ? [counted(waiting, 'event waits', 'events wait')] : []),
    ...(changes ? [progress] : []),
  ].join('; ')
}

/** How large the objects are that share the directory, and how far their copies are. @param accounts how many there are */
export function directoryInWords(
  { bytes, shards }: Directory,
  accounts: number,
  isLimited = false,
): string {
  if (shards.length === 0) return sizes([{ bytes, answers: true }], isLimited)
  const names = shards.reduce((sum, one) => sum + one.names, 0)
  const looked = shards.flatMap(({ copying }) => (copying ? [copying.looked] : []))
  const behind = Math.max(0, ...shards.map(({ lag }) => lag?.changes ?? 0))
  return [
    `${bytesInWords(bytes)}, shared by ${sizes(shards, isLimited)}`,
    counted(names, 'name'),
    ...(looked.length > 0
      ? [
          `${looked.length} of them being filled, the last of them ${percent(Math.min(...looked) / Math.max(accounts, 1))} of all accounts`,
        ]
      : []),
    ...(behind > 0 ? [`up to ${counted(behind, 'change')} behind`] : []),
  ].join('; ')
}

const full = (what: string, shards: readonly Size[], { isLimited }: Looked): string[] =>
  // A disk has no such limit, and says itself when it is full.
  shards.flatMap(({ bytes }, at) =>
    isLimited && bytes > MUCH
      ? [
          `${nameOf(what, at, shards.length)} has ${bytesInWords(bytes)}, ${percent(bytes / LIMIT)} of 10 GB.`,
        ]
      : [],
  )

const nameOf = (what: string, at: number, all: number): string =>
  `Object ${at + 1} of ${all} of the ${what}`

/**
 * Objects that are nearly full, of the log and of the directory.
 *
 * @param bytes of the object that keeps the log, where it is one
 */
export const fullObjects = (
  log: Log | undefined,
  directory: Directory | undefined,
  bytes: number,
  looked: Looked,
): string[] => [
  ...full('log', log?.shards ?? [{ bytes, answers: true }], looked),
  ...full('directory', directory?.shards ?? [], looked),
  ...(looked.isLimited && directory && directory.bytes > MUCH
    ? [
        `The directory has ${bytesInWords(directory.bytes)}, ${percent(directory.bytes / LIMIT)} of 10 GB, which to divide it does not change.`,
      ]
    : []),
]

/** Changes of how the log or the directory is divided that do not come to an end, and objects that do not keep up. */
export function stalledDivisions(
  log: Log | undefined,
  directory: Directory | undefined,
  { now }: Looked,
): string[] {
  const { change } = log ?? {}
  const since = change?.since
  return [
    ...(change && since !== undefined && now - since > LONG
      ? [
          `The log is being divided among ${counted(change.shards, 'object')} for ${minutes(now - since)}: ${counted(change.left, 'account is', 'accounts are')} still to be handed over.`,
        ]
      : []),
    ...(directory?.shards ?? []).flatMap(({ answers, copying, lag }, at, all) => {
      const name = nameOf('directory', at, all.length)
      if (!answers) return [`${name} does not answer.`]
      if (copying && now - copying.at > STALLED) {
        return [
          `${name} has copied ${counted(copying.looked, 'account')}, and none for ${minutes(now - copying.at)}.`,
        ]
      }
      if (lag?.since !== undefined && now - lag.since > OLD) {
        return [
          `${name} is ${counted(lag.changes, 'change')} of accounts behind, the oldest made ${minutes(now - lag.since)} ago.`,
        ]
      }
      return []
    }),
  ]
}

const minutes = (ms: number): string => counted(Math.round(ms / 60_000), 'minute')

/** Which settings a host of this size wants: half of what one object bears is used. */
export function wantedDivisions(
  { firehose, directory, activity, accounts, logLimit }: Wanting,
  { isLimited }: Looked,
): string[] {
  // On one machine all objects share a thread and a disk.
  if (!isLimited) return []
  const perSecond = Math.round(activity.events.day / (24 * 60 * 60))
  const { log } = firehose
  return [
    ...(!log && (activity.events.day > MANY_EVENTS || activity.bytes > ALMOST * logLimit)
      ? [
          `One object keeps the log, ${bytesInWords(activity.bytes)}, and takes ${counted(perSecond, 'event')} per second on average: PDS_LOG_SHARDS=4 or more.`,
        ]
      : []),
    ...(directory?.shards.length === 0 && accounts.all > MANY_ACCOUNTS
      ? [
          `One object answers for ${inThousands(accounts.all)} accounts who they are: PDS_DIRECTORY_SHARDS=4.`,
        ]
      : []),
  ]
}

interface Wanting {
  firehose: { log?: Log | undefined }
  directory?: Directory | undefined
  activity: HostReport['activity']
  accounts: { all: number }
  /** Bytes of events that are kept at most, as `PDS_FIREHOSE_MAX_LOG` says. */
  logLimit: number
}
