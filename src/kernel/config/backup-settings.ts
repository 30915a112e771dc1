/** Settings of backups that the Worker makes of itself (docs/backup.md). */
import { count, text } from './kinds.ts'

const DAY = 24 * 60 * 60 * 1000

/** Fewer are too few for an account in one go (`src/services/backup/budget.ts`). */
const MIN_REQUESTS = 300

export const backupSettings = {
  PDS_BACKUP_RECIPIENT: text(
    'none: it makes no backups',
    'On Cloudflare: whom the backups are encrypted for that the Worker makes by its Cron trigger, an age recipient ' +
      '(`age1…`, as `age-keygen` shows it; docs/backup.md).',
  ),
  PDS_BACKUP_INTERVAL_MS: count(
    '86400000 (1 day)',
    'How much later than the one before such a backup is begun, by the first trigger after that.',
  ),
  PDS_BACKUP_KEEP_DAILY: count(
    '7',
    'Of so many days the newest such backup is kept. 0 here and in the next two: nothing is removed.',
  ),
  PDS_BACKUP_KEEP_WEEKLY: count('4', 'The same for weeks.'),
  PDS_BACKUP_KEEP_MONTHLY: count('12', 'The same for months.'),
  PDS_BACKUP_REQUESTS: count(
    '900',
    'Requests to objects and buckets that one trigger may make for it; what is left is done at the next one. Cloudflare ' +
      'allows 1,000 on the free plan, 10,000 on others.',
  ),
} as const

type Parsed = { [K in keyof typeof backupSettings]?: string | number }

export interface BackupConfig {
  /** age recipient; undefined: no backups are made. */
  recipient: string | undefined
  /** ms */
  interval: number
  /** undefined: nothing is removed. */
  retention: { daily: number; weekly: number; monthly: number } | undefined
  requests: number
}

export function readBackupSettings({
  PDS_BACKUP_RECIPIENT: recipient,
  PDS_BACKUP_INTERVAL_MS: interval = DAY,
  PDS_BACKUP_KEEP_DAILY: daily = 7,
  PDS_BACKUP_KEEP_WEEKLY: weekly = 4,
  PDS_BACKUP_KEEP_MONTHLY: monthly = 12,
  PDS_BACKUP_REQUESTS: requests = 900,
}: Parsed): BackupConfig {
  const kept = { daily: Number(daily), weekly: Number(weekly), monthly: Number(monthly) }
  const keeps = kept.daily + kept.weekly + kept.monthly > 0
  return {
    recipient: typeof recipient === 'string' && recipient !== '' ? recipient : undefined,
    interval: Number(interval),
    retention: keeps ? kept : undefined,
    requests: Number(requests),
  }
}

/** Whether it is of the only kind that the Worker can encrypt for: bech32 of an X25519 key. */
export const isRecipient = (text: string): boolean => /^age1[02-9ac-hj-np-z]{58}$/.test(text)

/** What is wrong with them. A secret that was put here by mistake is not repeated. */
export function backupProblems(parsed: Parsed): string[] {
  const { recipient, requests } = readBackupSettings(parsed)
  const problems: string[] = []
  if (recipient !== undefined && !isRecipient(recipient)) {
    problems.push(
      'PDS_BACKUP_RECIPIENT is no age recipient: the line of `age-keygen` that begins with age1, of 62 characters',
    )
  }
  if (requests < MIN_REQUESTS) {
    problems.push(`PDS_BACKUP_REQUESTS: at least ${MIN_REQUESTS} (it is ${requests})`)
  }
  return problems
}
