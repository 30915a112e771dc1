import { define } from '#lex/com/atproto/sync/listBlobs'
import { mayReadPrivate } from '#src/server/auth/may-read-private.ts'
import { viewerEvenTakendown } from '#src/server/auth/policy.ts'

export default define({
  auth: viewerEvenTakendown,
  async handler({ params, auth, services }) {
    const { limit, cursor, since } = params
    const { did } = await services.accounts.get(params.did)
    const cids = await services
      .account(did)
      .blobs.list({ limit, cursor, since }, mayReadPrivate(auth, did))
    const last = cids.at(-1)
    return { cids, ...(last && cids.length === limit && { cursor: last }) }
  },
})
