import { define } from '#lex/com/atproto/sync/listRepos'
import { anyone } from '#src/auth/policy.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { limit = 500, cursor } = params
    const residents = await app.directory.list(limit, cursor)
    const repos = await Promise.all(
      residents.map(async ({ did }) => {
        const status = await app.account(did).status()
        return { did, head: status.head, rev: status.rev, active: status.active }
      }),
    )
    const last = residents.at(-1)
    return { repos, ...(last && residents.length === limit && { cursor: last.did }) }
  },
})
