import { define } from '#lex/com/atproto/sync/listRepos'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { limit = 500, cursor } = params
    const residents = await app.directory.list(limit, cursor)
    const repos = await Promise.all(
      residents.map(async ({ did }) => {
        const { head, rev, status } = unwrap(await app.account(did).status())
        const active = status === 'active'
        return { did, head, rev, active, ...(!active && { status }) }
      }),
    )
    const last = residents.at(-1)
    return { repos, ...(last && residents.length === limit && { cursor: last.did }) }
  },
})
