import { define } from '#lex/com/atproto/sync/listRepos'
import type { App } from '#src/app.ts'
import { cidBytes, cidString } from '#src/kernel/cbor/cid-string.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { unwrap } from '#src/services/objects/result.ts'
import type { SourceRow, SourceState } from '#src/storage/sequencer/sources.ts'

/**
 * One call to the sequencer, which keeps the state of each account as last told with its events. An
 * account that is being moved here has none yet, and is listed from its activation on.
 */
export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { limit = 500, cursor } = params
    const sources = await app.sequencer.listSources(limit, cursor)
    const repos = await Promise.all(
      sources.map(async (source) => {
        const { head, rev, status } = source.state ?? (await learn(source, app))
        if (!head || !rev) return []
        const active = status === 'active'
        return [{ did: source.did, head: cidString(head), rev, active, ...(!active && { status }) }]
      }),
    )
    const last = sources.at(-1)
    return { repos: repos.flat(), ...(last && sources.length === limit && { cursor: last.did }) }
  },
})

/** Asks an account whose events came before this host kept states, once. */
async function learn({ did }: SourceRow, app: App): Promise<SourceState> {
  const { head, rev, status } = unwrap(await app.account(did).status())
  const state = { head: cidBytes(head), rev, status }
  await app.sequencer.learn(did, state)
  return state
}
