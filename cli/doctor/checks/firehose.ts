/** Whether a relay could read the firehose, and would believe it. */
import { pdsOf, signingKeyOf } from '../../../src/services/identity/did-document.ts'
import type { Check } from '../check.ts'
import { foundIf, Skipped } from '../finding.ts'
import { WANTED } from '../firehose.ts'
import { announce } from '../fixes.ts'
import { verifyEvents } from '../verify.ts'
import type { World } from '../world.ts'

/** Broken events that are told one by one. */
const TOLD = 5

/** Keys that sign, or once signed, what an account writes, the newest first. */
async function keysOf(world: World, did: string): Promise<readonly string[] | undefined> {
  const document = await world.document(did)
  // What has moved away is verified where it is now.
  if (!document || pdsOf(document) !== world.status.publicUrl) return undefined
  const earlier = did.startsWith('did:plc:') ? await world.plcLog(did) : []
  const keys = [
    signingKeyOf(document),
    ...earlier.reverse().map(({ operation }) => {
      return operation.verificationMethods?.atproto ?? operation.signingKey
    }),
  ]
  return [...new Set(keys.filter((key) => key !== undefined))]
}

export const firehoseChecks: readonly Check[] = [
  {
    of: 'host',
    id: 'firehose-reads',
    title: 'The firehose can be read from outside',
    severity: 'error',
    means: 'Relays get nothing: nobody elsewhere sees what accounts here write.',
    mend: 'Let the proxy pass WebSockets on (docs/self-hosting.md)',
    async run(world) {
      const { problem, events } = await world.firehose()
      if (problem !== undefined) await world.assertHostAnswers()
      return foundIf(problem !== undefined, () => ({
        what: `After ${events.length} events: ${problem}.`,
      }))
    },
  },
  {
    of: 'host',
    id: 'firehose-order',
    title: 'Events are in order',
    severity: 'error',
    means: 'Relays miss events, or take them twice.',
    mend: 'Nothing between this host and relays may change the stream; otherwise report it as a fault of this software',
    async run(world) {
      const { events } = await world.firehose()
      if (events.length === 0) throw new Skipped('no event could be read')
      const wrong = events.findIndex(({ body }, index) => {
        const before = events[index - 1]?.body.seq
        return !Number.isSafeInteger(body.seq) || Number(body.seq) <= Number(before ?? -1)
      })
      return foundIf(wrong >= 0, () => ({
        what: `Event ${events[wrong]?.body.seq} comes after event ${events[wrong - 1]?.body.seq}.`,
      }))
    },
  },
  {
    of: 'host',
    id: 'firehose-verifies',
    title: `The last ${WANTED} events are signed and proven`,
    severity: 'error',
    means: 'Relays drop what they cannot verify: nobody sees what these accounts write.',
    mend: 'A signature: see did-signing-key. Otherwise let the network fetch the repository: `npx cumulus doctor --fix`',
    canFix: true,
    async run(world) {
      const { events } = await world.firehose()
      if (events.length === 0) throw new Skipped('no event could be read')
      const { problems, verified } = await verifyEvents(events, (did) => keysOf(world, did))
      if (problems.length === 0 && verified === 0) {
        throw new Skipped(
          'the events are of accounts whose identities have ended or lead elsewhere',
        )
      }
      const rest = problems.length - TOLD
      return problems.slice(0, TOLD).map(({ seq, did, what }, index) => ({
        what: `Event ${seq} of ${did}: ${what}.${index === TOLD - 1 && rest > 0 ? ` There are ${rest} more.` : ''}`,
        fixes: [announce({ did, handle: did }, 'sync')],
      }))
    },
  },
]
