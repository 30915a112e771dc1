/** How the objects are doing that share the log and the directory, as metrics. */
import type { Services } from '../../context/services.ts'
import type { DivisionState } from '../../contracts/directory-division.ts'
import type { DividedLog } from '../../contracts/sequencer.ts'
import { gauge } from '../../kernel/metrics/counters.ts'
import type { Family } from '../../kernel/metrics/exposition.ts'
import { reportDirectory } from '../../services/accounts/directory-report.ts'

/** The objects that share the log. */
export const logGauges = ({ shards, changes, change }: DividedLog): Family[] => [
  gauge('cumulus_log_shards', 'Objects that share the log.', shards.length),
  gauge(
    'cumulus_log_waiting_events',
    'Events that have no numbers yet.',
    shards.reduce((total, { waiting }) => total + waiting, 0),
  ),
  gauge(
    'cumulus_log_largest_bytes',
    'Bytes of the largest, which may have 10 GB on Cloudflare.',
    Math.max(0, ...shards.map(({ bytes }) => bytes)),
  ),
  gauge('cumulus_log_dividing', 'Whether the log is divided anew.', changes ? 1 : 0),
  gauge(
    'cumulus_log_moving_accounts',
    'Accounts that are still to be handed over, as it is.',
    change?.left ?? 0,
  ),
  ofEach('cumulus_log_shard_bytes', 'Bytes of each object.', serving(shards, change), 'bytes'),
  ofEach('cumulus_log_shard_accounts', 'Its accounts.', serving(shards, change), 'accounts'),
]

/** Those that serve: at most as many as there may be, whatever the change from others is. */
const serving = (shards: DividedLog['shards'], change: DividedLog['change']) =>
  change ? shards.slice(-change.shards) : shards

/** A series for each object of which it is known; there are 32 at most. */
const ofEach = <Name extends string>(
  name: string,
  help: string,
  shards: readonly Readonly<Record<Name, number | undefined>>[],
  what: Name,
): Family => ({
  ...{ name, type: 'gauge', help },
  samples: shards.flatMap((one, at) => {
    const value = one[what]
    return value === undefined ? [] : [{ labels: { shard: String(at + 1) }, value }]
  }),
})

/** The directory, and the objects that share in it. */
export async function directoryGauges(services: Services): Promise<Family[]> {
  const { bytes, shards } = await reportDirectory(services)
  const size = gauge('cumulus_directory_bytes', 'Database of the directory.', bytes)
  if (shards.length === 0) return [size]
  const count = (which: (one: DivisionState) => boolean) => shards.filter(which).length
  const known = shards.map(({ answers, bytes, names, lag }) => ({
    bytes: answers ? bytes : undefined,
    names: answers ? names : undefined,
    behind: lag?.changes,
  }))
  return [
    size,
    gauge('cumulus_directory_shards', 'Objects that share the directory.', shards.length),
    gauge(
      'cumulus_directory_largest_bytes',
      'Bytes of the largest, which may have 10 GB on Cloudflare.',
      Math.max(...shards.map(({ bytes }) => bytes)),
    ),
    gauge(
      'cumulus_directory_filling',
      'Objects into which accounts are being copied.',
      count(({ copying }) => copying !== undefined),
    ),
    gauge(
      'cumulus_directory_incomplete',
      'Objects that have not all accounts yet, and ask the directory for the others.',
      count(({ complete }) => !complete),
    ),
    gauge(
      'cumulus_directory_unanswered',
      'Objects that do not answer.',
      count(({ answers }) => !answers),
    ),
    ofEach('cumulus_directory_shard_bytes', 'Bytes of each object.', known, 'bytes'),
    ofEach('cumulus_directory_shard_names', 'Names that it answers for.', known, 'names'),
    ofEach(
      'cumulus_directory_shard_behind_changes',
      'Changes of accounts that it has not taken over.',
      known,
      'behind',
    ),
  ]
}
