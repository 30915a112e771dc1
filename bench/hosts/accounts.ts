/** The row "accounts": requests whose cost must not depend on how many accounts a host has. */
import type { Cleanup } from '../cleanup.ts'
import { baselinesOf, type Context } from '../context.ts'
import type { Call } from '../load/client.ts'
import { countRows } from '../load/count.ts'
import { one, type Workload } from '../load/drive.ts'
import { addAccount, type Host, startHost, stopHost } from '../load/host.ts'
import { measureRows } from '../load/measure.ts'
import { type Repo, sequence } from '../load/repo.ts'
import { row, targetsOf } from '../load/targets.ts'
import { checkGrowth } from '../report/targets.ts'
import type { Running } from '../servers/server.ts'
import { cloneHost, POSTS, type StoppedHost } from './clone.ts'

/** Accounts of a server that makes them itself, which takes a fifth of a second for each. */
const BASELINE_ACCOUNTS = 10
/** Accounts whose objects are kept in memory by the rows that want warm ones. */
const WARM = 50

/** Requests to accounts from all over the host, or to the first `most`. */
const toAny =
  (request: (repo: Repo) => Promise<unknown>, most = Number.POSITIVE_INFINITY) =>
  ({ repos }: Host): Workload => {
    const pick = sequence(5)
    const among = repos.slice(0, most)
    return { next: one(() => request(among[pick(among.length)] as Repo)) }
  }

/** The same on objects that are in memory and have written before. */
const toWarm =
  (request: (repo: Repo) => Promise<unknown>) =>
  (host: Host): Workload => {
    let cold = host.repos.slice(0, WARM)
    return {
      ...toAny(request, WARM)(host),
      async before() {
        for (const repo of cold) await repo.createRecord()
        cold = []
      },
    }
  }

const createRecord = (repo: Repo) => repo.createRecord()
const getRecord = (repo: Repo) => repo.getRecord()

const resolveHandle = (handle: string): Call => ({
  method: 'com.atproto.identity.resolveHandle',
  params: { handle },
})

/** Names that nobody has: what is not found is not remembered, so each asks the directory. */
function resolveUnknown({ client }: Host): Workload {
  let count = 0
  const next = () => client.drain({ ...resolveHandle(`nobody${++count}.test`), status: 400 })
  return { next: one(next) }
}

/** Pages of a list that a row asks for, at most. */
const PAGES = 50

/** Pages from anywhere, where a host has enough accounts to fill them: with cursors as the server gives them. */
const listRepos =
  (limit: number) =>
  ({ client, repos }: Host): Workload | undefined => {
    if (repos.length < limit) return undefined
    const pick = sequence(5)
    const page = (cursor: string): Call => ({
      method: 'com.atproto.sync.listRepos',
      params: { limit, ...(cursor && { cursor }) },
    })
    let cursors: string[] | undefined
    return {
      async before() {
        if (cursors) return
        cursors = []
        for (let cursor: string | undefined = ''; cursor !== undefined; ) {
          const answer: { cursor?: string; repos: object[] } = await client.call(page(cursor))
          // The last one is not full.
          if (answer.repos.length < limit || cursors.length === PAGES) break
          cursors.push(cursor)
          cursor = answer.cursor
        }
      },
      next: one(() => client.drain(page(cursors?.[pick(cursors.length)] ?? ''))),
    }
  }

const HOST_ROWS = [
  row('createRecord, warm object', toWarm(createRecord), { flat: true, counted: true }),
  row('createRecord, any object', toAny(createRecord)),
  row('getRecord, warm object', toWarm(getRecord), { flat: true, counted: true }),
  row('getRecord, any object', toAny(getRecord)),
  row(
    'resolveHandle, any',
    toAny(({ client, account }) => client.drain(resolveHandle(account.handle))),
  ),
  row('resolveHandle, of nobody', resolveUnknown, { flat: true }),
  row('listRepos of 10', listRepos(10), { flat: true, counted: true }),
  row('listRepos of 500', listRepos(500)),
]

/** Measures hosts of several sizes, interleaved, then counts rows of Cumulus. */
export async function measureAccounts(context: Context, template: StoppedHost): Promise<void> {
  const { options, report, cleanup } = context
  const sizes = options.accounts
  const clones = sizes.map((count) => cloneHost(template, count, cleanup))
  const title = 'hosts of so many accounts'

  const hosts = await openAll(clones, false, cleanup)
  for (const baseline of baselinesOf(context)) {
    const host = await startHost(baseline, cleanup)
    for (let made = 0; made < BASELINE_ACCOUNTS; made += 1) await addAccount(host, POSTS)
    hosts.set(`${baseline.name}, ${BASELINE_ACCOUNTS}`, host)
  }
  const stats = await measureRows(context, title, HOST_ROWS, targetsOf(hosts, runningOf))
  for (const host of hosts.values()) await stopHost(host)

  const counting = await openAll(clones, true, cleanup)
  const targets = targetsOf(counting, runningOf)
  const counts = await countRows(context, title, HOST_ROWS, targets)
  for (const host of counting.values()) await stopHost(host)

  for (const { name, flat, counted } of HOST_ROWS) {
    const ours = [...counting.keys()]
    const times = ours.map((host) => stats.get(name)?.get(host)?.p50)
    const rows = ours.map((host) => {
      const count = counts.get(name)?.get(host)
      return count && count.read + count.written
    })
    if (flat) checkGrowth(report, `time of ${name}`, 'accounts', sizes, times, () => 1)
    if (counted) checkGrowth(report, `rows of ${name}`, 'accounts', sizes, rows, () => 1)
  }
}

const runningOf = ({ running }: Host): Running => running

/** In development mode answers report their rows. */
async function openAll(clones: StoppedHost[], devMode: boolean, cleanup: Cleanup) {
  const hosts = new Map<string, Host>()
  for (const { server, posts } of clones) {
    const label = `cumulus, ${posts.length.toLocaleString('en')}`
    hosts.set(label, await startHost(server.with({ devMode }), cleanup, posts))
  }
  return hosts
}
