import { define } from '#lex/com/atproto/repo/listMissingBlobs'
import { session } from '#src/server/auth/policy.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: session,
  oauth: 'any',
  async handler({ params, auth, app }) {
    const { limit, cursor } = params
    const missing = unwrap(await app.account(auth.did).listMissingBlobs(limit, cursor))
    const last = missing.at(-1)
    return {
      blobs: missing.map(({ cid, path }) => ({ cid, recordUri: `at://${auth.did}/${path}` })),
      ...(last && missing.length === limit && { cursor: last.cid }),
    }
  },
})
