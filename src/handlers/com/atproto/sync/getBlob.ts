import { define, errors } from '#lex/com/atproto/sync/getBlob'
import { mayReadPrivate } from '#src/server/auth/may-read-private.ts'
import { viewerEvenTakendown } from '#src/server/auth/policy.ts'

export default define({
  auth: viewerEvenTakendown,
  async handler({ params, auth, request, services }) {
    const { did } = await services.accounts.get(params.did)
    const mayRead = mayReadPrivate(auth, did)
    const response = await services.blobs.serve(did, params.cid, request, mayRead)
    if (!response) throw errors.BlobNotFound('Blob not found')
    return response
  },
})
