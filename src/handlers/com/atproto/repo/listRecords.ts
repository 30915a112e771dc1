import { define } from '#lex/com/atproto/repo/listRecords'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { recordView } from '#src/records/record-view.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { repo, collection, limit = 50, cursor, reverse } = params
    const { did } = await app.getResident(repo)
    const page = unwrap(await app.account(did).listRecords({ collection, limit, cursor, reverse }))
    const last = page.at(-1)
    return {
      records: page.map((record) => recordView(did, collection, record)),
      ...(last && page.length === limit && { cursor: last.rkey }),
    }
  },
})
