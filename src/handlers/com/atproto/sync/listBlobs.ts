import { define } from '#lex/com/atproto/sync/listBlobs'
import { seesAll } from '#src/server/auth/may-read-private.ts'
import { viewerEvenTakendown } from '#src/server/auth/policy.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: viewerEvenTakendown,
  async handler({ params, auth, app }) {
    const { limit, cursor, since } = params
    const { did } = await app.getResident(params.did)
    const cids = unwrap(
      await app.account(did).listBlobs({ limit, cursor, since }, seesAll(auth, did)),
    )
    const last = cids.at(-1)
    return { cids, ...(last && cids.length === limit && { cursor: last }) }
  },
})
