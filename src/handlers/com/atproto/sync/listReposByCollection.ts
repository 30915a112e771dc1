import { XRPCError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/sync/listReposByCollection'
import type { Services } from '#src/context/services.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { placeOfCursor } from '#src/server/xrpc/place-cursor.ts'
import { unlessRefused } from '#src/services/objects/result.ts'

/** How often one request fills in what a page lacks, 100 accounts each time. */
const MAX_ROUNDS = 5

/** The active accounts of this host that hold records of a collection, in the order of `listRepos`. */
export default define({
  auth: anyone,
  async handler({ params, services }) {
    const { collection, limit = 500, cursor } = params
    const after = placeOfCursor(cursor)
    /** Those that cannot be asked: they are missing until they can, and keep nobody else from the list. */
    const failed = new Set<string>()
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const page = await services.sequencer.listByCollection(collection, limit, after)
      const toAsk = page.toAsk.filter((did) => !failed.has(did))
      if (toAsk.length === 0) {
        return {
          repos: page.dids.map((did) => ({ did })),
          ...(page.next !== undefined && { cursor: String(page.next) }),
        }
      }
      const asked = await Promise.allSettled(toAsk.map((did) => fillIn(did, services)))
      for (const [n, { status }] of asked.entries()) {
        if (status === 'rejected') failed.add(toAsk[n] ?? '')
      }
    }
    // Only on a host that has just been upgraded: each call gets it further.
    throw new XRPCError(503, 'The list is being made: try again', 'NotReady')
  },
})

/** Asks an account that has told nothing of its collections. One without a repository has none. */
async function fillIn(did: string, services: Services): Promise<void> {
  const names = await unlessRefused(services.account(did).repository.collections())
  await services.sequencer.fillInCollections(did, names ?? [])
}
