import { define } from '#lex/com/atproto/sync/listRepos'
import type { Services } from '#src/context/services.ts'
import { cidBytes, cidString } from '#src/kernel/cbor/cid.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { placeOfCursor } from '#src/server/xrpc/place-cursor.ts'
import type { SourceRow, SourceState } from '#src/storage/sequencer/sources.ts'

/**
 * One call to the sequencer, which keeps the state of each account as last told with its events. An
 * account that is being moved here has none yet, and is listed from its activation on.
 */
export default define({
  auth: anyone,
  async handler({ params, services }) {
    const { limit = 500, cursor } = params
    const sources = await services.sequencer.listSources(limit, placeOfCursor(cursor))
    const repos = await Promise.all(
      sources.map(async (source) => {
        const { head, rev, status } = source.state ?? (await fillInState(source, services))
        if (!head || !rev) return []
        const active = status === 'active'
        return [{ did: source.did, head: cidString(head), rev, active, ...(!active && { status }) }]
      }),
    )
    const last = sources.at(-1)
    return {
      repos: repos.flat(),
      ...(last && sources.length === limit && { cursor: String(last.place) }),
    }
  },
})

/** Asks an account whose events came before this host kept states, once. */
async function fillInState({ did }: SourceRow, services: Services): Promise<SourceState> {
  const { head, rev, status } = await services.account(did).repository.status()
  const state = { head: cidBytes(head), rev, status }
  await services.sequencer.fillInState(did, state)
  return state
}
