import { define } from '#lex/com/atproto/repo/listMissingBlobs'
import { session } from '#src/server/auth/policy.ts'

export default define({
  auth: session,
  oauth: 'any',
  async handler({ params, auth, services }) {
    const { limit, cursor } = params
    const missing = await services.account(auth.did).blobs.listMissing(limit, cursor)
    const last = missing.at(-1)
    return {
      blobs: missing.map(({ cid, path }) => ({ cid, recordUri: `at://${auth.did}/${path}` })),
      ...(last && missing.length === limit && { cursor: last.cid }),
    }
  },
})
