/** What relays have of this host and its accounts. */

import { MANY_EVENTS } from '../../../src/contracts/host-report.ts'
import { inThousands } from '../../../src/web/numbers.ts'
import { fieldsOf, orReason } from '../answers.ts'
import type { Check } from '../check.ts'
import { assertActive, type Finding, type Fix, foundIf, Skipped, WELL } from '../finding.ts'
import { announce, originOf } from '../fixes.ts'
import type { Account, World } from '../world.ts'

const crawl = (relay: string): Fix => ({
  path: '/operator/request-crawl',
  body: { relay: originOf(relay) },
  does: `asks ${originOf(relay)} to crawl this host`,
})

function relaysOf({ status }: World): string[] {
  const { relays } = status.firehose
  if (relays.length === 0) throw new Skipped('no relay is asked to crawl this host (PDS_CRAWLERS)')
  return relays.map(({ url }) => url)
}

/** What a relay says of this host. */
async function hostStatus(world: World, relay: string) {
  const path = '/xrpc/com.atproto.sync.getHostStatus'
  return orReason(world.ask(relay, path, { hostname: world.status.hostname }))
}

/** Something about each relay that says it. */
async function ofRelays(
  world: World,
  look: (relay: string, fields: Record<string, unknown>) => readonly Finding[],
): Promise<readonly Finding[]> {
  const relays = relaysOf(world)
  const answers = await Promise.all(
    relays.map(async (relay) => ({ relay, answer: await hostStatus(world, relay) })),
  )
  const said = answers.flatMap(({ relay, answer }) =>
    'unreachable' in answer || answer.status >= 500
      ? []
      : [{ relay, fields: fieldsOf(answer.json) }],
  )
  if (said.length === 0) throw new Skipped('no relay answers')
  return said.flatMap(({ relay, fields }) => look(originOf(relay), fields))
}

const ADVICE: Readonly<Record<string, string>> = {
  offline: 'It cannot reach this host: see host-answers and firehose-reads, then ask it to crawl',
  throttled: 'Ask whoever runs the relay for a higher limit',
  banned: 'Ask whoever runs the relay why',
}

export const relayChecks: readonly Check[] = [
  {
    of: 'host',
    id: 'relay-answers',
    title: 'Relays can be asked',
    severity: 'warning',
    means: 'While it is down, new posts are not seen by those who read through it.',
    mend: 'Wait, or take it out of PDS_CRAWLERS if it is gone for good',
    async run(world) {
      const relays = relaysOf(world)
      const answers = await Promise.all(relays.map((relay) => hostStatus(world, relay)))
      return answers.flatMap((answer, index) => {
        const relay = originOf(relays[index] ?? '')
        if ('unreachable' in answer) return [{ what: `${relay}: ${answer.unreachable}.` }]
        return answer.status >= 500 ? [{ what: `${relay} answers ${answer.status}.` }] : []
      })
    },
  },
  {
    of: 'host',
    id: 'relay-knows-host',
    title: 'Relays take this host for well',
    severity: 'error',
    means: 'Nobody who reads through the relay sees what accounts here write.',
    mend: 'Ask it to crawl: `npx cumulus doctor --fix`',
    canFix: true,
    run: (world) =>
      ofRelays(world, (relay, { error, status }) => {
        const fixes = [crawl(relay)]
        if (error === 'HostNotFound') return [{ what: `${relay} does not know this host.`, fixes }]
        if (typeof status !== 'string' || status === 'active' || status === 'idle') return WELL
        const mend = ADVICE[status]
        const what = `${relay} has this host as ${status}.`
        return [{ what, ...(mend && { mend }), ...(status === 'offline' && { fixes }) }]
      }),
  },
  {
    of: 'host',
    id: 'relay-sequence',
    title: 'Relays know no later event than there is',
    severity: 'error',
    means:
      'The relay waits for events that it takes for new, and leaves the host (FutureCursor): nobody sees new posts. It happens after a restore, or when another PDS had this host name.',
    mend: 'Raise the number of the next event: `npx cumulus doctor --fix`',
    canFix: true,
    run: (world) =>
      ofRelays(world, (relay, { seq }) => {
        const { head } = world.status.firehose
        const { all } = world.status.accounts
        return foundIf(typeof seq === 'number' && seq > head, () => ({
          what: `${relay} knows event ${seq}, the newest here is ${head}.`,
          // Of each account, what relays have missed has to be fetched.
          ...(all > world.accounts.length && {
            mend: `\`npx cumulus doctor --fix --accounts ${all}\`, which has all accounts fetched`,
          }),
          fixes: [
            {
              path: '/operator/raise-sequence',
              body: { above: seq },
              does: `numbers the next event above ${seq}`,
            },
            // What came under lower numbers the relay has not seen.
            ...world.accounts.map((account) => announce(account, 'sync')),
            crawl(relay),
          ],
        }))
      }),
  },
  {
    of: 'host',
    id: 'relay-behind',
    title: 'Relays have the newest events',
    severity: 'warning',
    means: 'What accounts here write is seen late.',
    mend: 'If it grows, end its connection on /admin/relays: it comes back. Otherwise wait',
    run: (world) =>
      ofRelays(world, (relay, { seq }) => {
        const { firehose, manyEventsAfter } = world.status
        // A release of before does not say: numbers leave some out.
        const far = manyEventsAfter ?? firehose.head - MANY_EVENTS
        return foundIf(typeof seq === 'number' && seq < far, () => ({
          what: `${relay} is at event ${seq}, the newest is ${firehose.head}: it has not got ${inThousands(MANY_EVENTS)} events or more, or none of those that are kept.`,
        }))
      }),
  },
  {
    of: 'host',
    id: 'listeners',
    title: 'Somebody listens to the firehose',
    severity: 'error',
    means: 'What accounts here write is seen by nobody elsewhere.',
    mend: 'Ask relays to crawl (`npx cumulus doctor --fix`), and see firehose-reads',
    canFix: true,
    async run(world) {
      const { lastEventAt, consumers, relays } = world.status.firehose
      if (!world.isPublic) throw new Skipped('the host is on this machine only (PDS_HOSTNAME)')
      if (lastEventAt === undefined) throw new Skipped('nothing was published yet')
      return foundIf(consumers === 0, () => ({
        what: 'No relay, nor anybody else, is connected.',
        ...(relays.length > 0
          ? { fixes: relays.map(({ url }) => crawl(url)) }
          : { mend: 'Name a relay in PDS_CRAWLERS, such as https://bsky.network' }),
      }))
    },
  },
  {
    of: 'account',
    id: 'relay-account',
    title: 'Relays have the account as it is',
    severity: 'error',
    means: 'Who reads through the relay does not see what the account wrote last.',
    mend: 'Tell relays to fetch the repository: `npx cumulus doctor --fix`',
    canFix: true,
    async run(world, account) {
      assertActive(account)
      const relays = relaysOf(world)
      const found = await Promise.all(relays.map((relay) => repoAt(world, relay, account)))
      if (found.every((findings) => findings === undefined)) {
        throw new Skipped('no relay says what it has of accounts')
      }
      return found.flatMap((findings) => findings ?? [])
    },
  },
]

/** undefined: it does not say. */
async function repoAt(
  world: World,
  relay: string,
  account: Account,
  mayWait = true,
): Promise<readonly Finding[] | undefined> {
  const path = '/xrpc/com.atproto.sync.getRepoStatus'
  const answer = await orReason(world.askAnew(relay, path, { did: account.did }))
  if ('unreachable' in answer) return undefined
  const { error, active, status, rev } = fieldsOf(answer.json)
  const origin = originOf(relay)
  const fixes = [announce(account, 'identity'), announce(account, 'sync')]
  if (error === 'RepoNotFound') return [{ what: `${origin} does not know the account.`, fixes }]
  if (answer.status !== 200) return undefined
  if (active === false) {
    return [{ what: `${origin} has the account as ${status ?? 'inactive'}.`, fixes }]
  }
  const isBehind = typeof rev === 'string' && rev < account.rev
  // What was written a moment ago is on its way.
  if (isBehind && mayWait) {
    await world.settle()
    return repoAt(world, relay, account, false)
  }
  return foundIf(isBehind, () => ({
    what: `${origin} is at rev ${rev}, here is ${account.rev}.`,
    fixes,
  }))
}
