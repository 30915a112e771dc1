import { define } from '#lex/com/atproto/sync/listBlobs'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { limit, cursor, since } = params
    const { did } = await app.getResident(params.did)
    const cids = unwrap(await app.account(did).listBlobs({ limit, cursor, since }))
    const last = cids.at(-1)
    return { cids, ...(last && cids.length === limit && { cursor: last }) }
  },
})
