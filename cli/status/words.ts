/** How a host is doing, for people. */
import { styleText } from 'node:util'
import { escapeControls } from '../../codegen/escape-controls.ts'
import type { HostReport, LiveReport } from '../../src/contracts/host-report.ts'
import { directoryInWords, logInWords } from '../../src/web/divisions.ts'
import { bytesInWords, counted, inThousands } from '../../src/web/numbers.ts'

/** Consumers and errors that are shown one by one. */
const SHOWN = 5

/** A line with its name in front. */
export const line = (name: string, text: string): string =>
  `${styleText('dim', name.padEnd(10))}${escapeControls(text)}`

/** The whole state. @param now ms since the epoch, by the clock of the host */
export function statusInWords(status: HostReport): string {
  const { publicUrl, version, accounts, activity, machine, now, newest } = status
  const up = machine ? `, up ${ago(now - machine.startedAt)}` : ''
  const isOld = newest !== undefined && newest !== version ? ` (${newest} is out)` : ''
  return [
    `${styleText('bold', publicUrl)}  Cumulus ${version}${isOld}${up}`,
    '',
    line(
      'accounts',
      [
        counted(accounts.all, 'account'),
        `${inThousands(activity.active.day)} active today`,
        `${inThousands(activity.active.month)} in 30 days`,
        ...(accounts.fresh > 0 ? [`${inThousands(accounts.fresh)} new this week`] : []),
        ...(accounts.takenDown > 0 ? [`${inThousands(accounts.takenDown)} taken down`] : []),
        ...(status.waiting > 0 ? [`${inThousands(status.waiting)} wait for approval`] : []),
      ].join(', '),
    ),
    line(
      'writes',
      `${counted(activity.events.hour, 'event')} in the last hour, ${inThousands(activity.events.day)} in the last day`,
    ),
    ...liveInWords(status),
    ...(status.directory
      ? [
          line(
            'directory',
            directoryInWords(status.directory, accounts.all, status.freeBytes === undefined),
          ),
        ]
      : []),
    ...indexInWords(status),
    ...jobsInWords(status),
    ...webhooksInWords(status),
    line('storage', storageInWords(status)),
    line(
      'backup',
      status.lastBackupAt === undefined
        ? 'none was begun of late (npx cumulus backup)'
        : `begun ${ago(now - status.lastBackupAt)} ago`,
    ),
    ...scheduleInWords(status),
    ...errorsInWords(status),
    ...attention(status),
  ].join('\n')
}

/** Backups that the Worker makes of itself. */
function scheduleInWords({ scheduledBackup: schedule, now }: HostReport): string[] {
  if (!schedule) return []
  const { run, last, error } = schedule
  const failed = last && last.failed > 0 ? `, ${counted(last.failed, 'account')} left out` : ''
  const parts = [
    ...(error ? [`the last trigger failed ${ago(now - error.at)} ago: ${error.message}`] : []),
    ...(run ? [`under way since ${run.at}, ${counted(run.accounts, 'account')} done`] : []),
    last
      ? `last one finished ${ago(now - last.finishedAt)} ago, ${counted(last.accounts, 'account')}${failed}`
      : 'none was finished yet',
  ]
  return [line('schedule', parts.join('; '))]
}

/** What changes from moment to moment. */
export function liveInWords(status: LiveReport): string[] {
  const { firehose, consumers, mails, machine, now } = status
  const newest =
    firehose.lastEventAt === undefined
      ? 'nothing was published yet'
      : `event ${firehose.head}, ${ago(now - firehose.lastEventAt)} ago`
  const rest = consumers.length - SHOWN
  return [
    line('firehose', `${newest}, ${counted(firehose.consumers, 'consumer')}`),
    ...consumers.slice(0, SHOWN).map(({ network, since, behind, sent }) => {
      const lag = behind === 0 ? 'has everything' : `${counted(behind, 'event')} behind`
      const age = since === undefined ? '' : `, for ${ago(now - since)}`
      return line(
        '',
        `${(network ?? 'somebody').padEnd(22)} ${lag}, ${bytesInWords(sent)} sent${age}`,
      )
    }),
    ...(rest > 0 ? [line('', `and ${rest} more`)] : []),
    ...(firehose.log ? [line('log', logInWords(firehose.log, machine === undefined))] : []),
    ...firehose.relays.map(({ url, askedAt, outcome }) =>
      line(
        'relay',
        askedAt === undefined
          ? `${new URL(url).origin} was not asked to crawl yet`
          : `${new URL(url).origin} was asked to crawl ${ago(now - askedAt)} ago: ${outcome}`,
      ),
    ),
    line('mail', mailInWords(mails)),
  ]
}

function mailInWords({ waiting, failed, dropped, lastError }: LiveReport['mails']): string {
  const problems = [
    ...(failed > 0 ? [`${inThousands(failed)} given up`] : []),
    ...(dropped > 0 ? [`${inThousands(dropped)} dropped for budgets`] : []),
    ...(lastError && (failed > 0 || waiting > 0) ? [`last error: ${lastError}`] : []),
  ]
  return [
    `${waiting === 0 ? 'none waits' : counted(waiting, 'mail waits', 'mails wait')}`,
    ...problems,
  ].join(', ')
}

/** How large the objects are that share the index, and how far it is divided anew. */
function shardsInWords({ shards = [], change }: NonNullable<HostReport['index']>): string[] {
  const sizes = shards.map(({ bytes }) => bytesInWords(bytes)).join(', ')
  return [
    ...(shards.length > 0
      ? [`${sizes} in ${counted(shards.length, 'object')} (10 GB each at most on Cloudflare)`]
      : []),
    ...(change
      ? [
          `to be ${counted(change.shards, 'object')}, of which ${change.filled} are full: ` +
            `${counted(change.records, 'record')} of ${counted(change.accounts, 'account')} read so far`,
        ]
      : []),
  ]
}

/** Collection files that cannot be loaded, indexes that are being filled, and hooks for which something waits or was given up. */
function indexInWords({ index, now }: HostReport): string[] {
  if (!index) return []
  const filling = index.collections.flatMap(({ collection, serves, filling }) =>
    filling
      ? [
          `${collection} is being read since ${ago(now - filling.startedAt)}: ${counted(filling.records, 'record')} of ` +
            `${counted(filling.accounts, 'account')} so far${serves ? ', the old index serves' : ''}`,
        ]
      : [],
  )
  const hooks = index.hooks.flatMap(({ collection, waiting, letters, behind = 0, lost = 0 }) =>
    waiting + letters + behind + lost > 0
      ? [
          [
            `${collection}: ${counted(waiting, 'write waits', 'writes wait')} for its hook`,
            ...(behind > 0
              ? [`those of ${counted(behind, 'account')} wait in the log as well`]
              : []),
            ...(lost > 0 ? [`${inThousands(lost)} times writes had left the log before`] : []),
            `${inThousands(letters)} given up`,
          ].join(', '),
        ]
      : [],
  )
  const broken = (index.failed ?? []).map(({ message }) => `${message}; its writes are refused`)
  const all = [...broken, ...filling, ...hooks, ...shardsInWords(index)]
  if (broken.length + filling.length + hooks.length === 0) {
    all.unshift(`${counted(index.collections.length, 'collection')}, all is read and told`)
  }
  return all.map((text, at) => line(at === 0 ? 'index' : '', escapeControls(text)))
}

/** Jobs that failed. */
function jobsInWords({ jobs = [] }: HostReport): string[] {
  if (jobs.length === 0) return []
  const failed = jobs.flatMap(({ name, failures, error }) =>
    failures > 0 ? [`${name} failed ${counted(failures, 'time')}: ${error}`] : [],
  )
  const all = failed.length > 0 ? failed : [`${counted(jobs.length, 'job')}, none has failed`]
  return all.map((text, at) => line(at === 0 ? 'jobs' : '', escapeControls(text)))
}

/** Webhooks that are not told of all. */
function webhooksInWords({ webhooks = [] }: HostReport): string[] {
  if (webhooks.length === 0) return []
  const wrong = webhooks.flatMap(({ id, paused, attempts, error, letters }) => [
    ...(paused === null ? [] : [`webhook ${id} is paused: ${paused}`]),
    ...(paused === null && attempts > 0 ? [`webhook ${id} fails: ${error}`] : []),
    ...(letters > 0 ? [`webhook ${id} did not take ${counted(letters, 'write')}`] : []),
  ])
  const all = wrong.length > 0 ? wrong : [`${counted(webhooks.length, 'service')}, none fails`]
  return all.map((text, at) => line(at === 0 ? 'webhooks' : '', escapeControls(text)))
}

function storageInWords(status: HostReport): string {
  const { accounts, activity, firehose, freeBytes, machine, logLimit } = status
  // Each object that shares the log may have so much.
  const objects = firehose.log?.shards.length ?? 1
  const disk =
    freeBytes === undefined
      ? []
      : [
          `${bytesInWords(freeBytes)} free${machine ? ` of ${bytesInWords(machine.totalBytes)}` : ''}`,
        ]
  const memory =
    machine?.residentBytes == null ? [] : [`${bytesInWords(machine.residentBytes)} of memory`]
  return [
    `${bytesInWords(accounts.storedBytes)} of repositories and blobs`,
    `${bytesInWords(activity.bytes)} of events (${bytesInWords(objects * logLimit)} at most)`,
    ...disk,
    ...memory,
  ].join(', ')
}

export function errorsInWords({ errors, now }: LiveReport): string[] {
  if (errors.length === 0) return [line('errors', 'none since the start')]
  return errors.slice(0, SHOWN).map(({ at, message, error, times }, index) => {
    const often = times > 1 ? ` (${times} times)` : ''
    return line(index === 0 ? 'errors' : '', `${ago(now - at)} ago  ${message}: ${error}${often}`)
  })
}

function attention({ alerts }: HostReport): string[] {
  if (alerts.length === 0) return []
  return [
    '',
    ...alerts.map(({ what, help, grave }) => {
      const mark = styleText(grave ? 'red' : 'yellow', grave ? '!' : '-')
      return `${mark} ${escapeControls(what)} ${escapeControls(help)}`
    }),
  ]
}

/** ms as people say it: `5 s`, `3 min`, `2 h`, `4 days`. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  return seconds < 48 * 3600
    ? `${Math.round(seconds / 3600)} h`
    : `${Math.round(seconds / 86_400)} days`
}
