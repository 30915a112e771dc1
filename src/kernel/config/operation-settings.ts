/** Settings of how a host is run and watched. */
import { MAX_DIRECTORY_SHARDS } from '../directory-shards.ts'
import { MAX_SHARDS } from '../index-shards.ts'
import { MAX_LOG_SHARDS } from '../log-shards.ts'
import { choice, count, flag, secret, url } from './kinds.ts'

/** MB of JavaScript's memory; fewer than these are too few to start with. */
export const DEFAULT_MEMORY = 1024
const MIN_MEMORY = 128

/** Characters of the token, at least. */
const MIN_TOKEN = 16

export const operationSettings = {
  PDS_MEMORY_MB: count(
    '1024',
    'Memory that JavaScript may take on plain workerd, in MB: a host that needs more is started again. What SQLite and ' +
      'open connections take comes on top (docs/self-hosting.md).',
  ),
  PDS_METRICS_TOKEN: secret(
    'none: the operator only, and this machine',
    'Whoever shows it, as `Authorization: Bearer`, may read `/metrics` and nothing else. At least 16 characters.',
  ),
  PDS_VERSION_URL: url(
    'none: nobody is asked',
    "Where the operator's console asks for the newest version: JSON with `version` or `tag_name`, such as a release at " +
      "GitHub's API.",
  ),
  PDS_DOCS: flag(
    '`false`; `true` with PDS_DEV_MODE',
    'Shows `/docs` to everybody: every method and record of this host, with a form that calls it (docs/clients.md).',
  ),
  PDS_INDEX_SHARDS: count(
    '1',
    `Objects that share the index over all accounts, at most ${MAX_SHARDS}: more than one when one is full, which is at 10 GB ` +
      'on Cloudflare. A change is made while the host runs (docs/collections.md).',
  ),
  PDS_DIRECTORY_SHARDS: count(
    '1',
    `Objects that share what is looked up about accounts, at most ${MAX_DIRECTORY_SHARDS}: more than one where Cloudflare ` +
      'calls the one overloaded; never on plain workerd. A change is made while the host runs (docs/operating.md).',
  ),
  PDS_LOG_SHARDS: count(
    '1',
    `Objects that share the log of events, at most ${MAX_LOG_SHARDS}: more than one on Cloudflare, for more than some 50,000 active ` +
      'accounts; never on plain workerd. A change is made while the host runs (docs/operating.md).',
  ),
  LOG_LEVEL: choice(
    'info',
    ['info', 'error'],
    'What is logged: every request, or only what went wrong.',
  ),
} as const

/** What is wrong with them. */
export function operationProblems({
  PDS_MEMORY_MB: memory = DEFAULT_MEMORY,
  PDS_METRICS_TOKEN: token,
  PDS_INDEX_SHARDS: shards = 1,
  PDS_DIRECTORY_SHARDS: directoryShards = 1,
  PDS_LOG_SHARDS: logShards = 1,
}: {
  PDS_MEMORY_MB?: number
  PDS_METRICS_TOKEN?: string
  PDS_INDEX_SHARDS?: number
  PDS_DIRECTORY_SHARDS?: number
  PDS_LOG_SHARDS?: number
}): string[] {
  const problems: string[] = []
  if (shards < 1 || shards > MAX_SHARDS) {
    problems.push(`PDS_INDEX_SHARDS: from 1 to ${MAX_SHARDS} (it is ${shards})`)
  }
  if (directoryShards < 1 || directoryShards > MAX_DIRECTORY_SHARDS) {
    problems.push(
      `PDS_DIRECTORY_SHARDS: from 1 to ${MAX_DIRECTORY_SHARDS} (it is ${directoryShards})`,
    )
  }
  if (logShards < 1 || logShards > MAX_LOG_SHARDS) {
    problems.push(`PDS_LOG_SHARDS: from 1 to ${MAX_LOG_SHARDS} (it is ${logShards})`)
  }
  if (memory < MIN_MEMORY) problems.push(`PDS_MEMORY_MB: at least ${MIN_MEMORY} (it is ${memory})`)
  if (token !== undefined && (token.length < MIN_TOKEN || /\s/.test(token))) {
    problems.push(`PDS_METRICS_TOKEN must have at least ${MIN_TOKEN} characters, and no spaces`)
  }
  return problems
}
