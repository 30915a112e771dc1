import { define, errors } from '#lex/com/atproto/sync/getBlob'
import { seesAll } from '#src/server/auth/may-read-private.ts'
import { viewerEvenTakendown } from '#src/server/auth/policy.ts'
import { serveBlob } from '#src/services/blobs/serve.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: viewerEvenTakendown,
  async handler({ params, auth, request, app }) {
    const { did } = await app.getResident(params.did)
    const blob = unwrap(await app.account(did).getBlob(params.cid, seesAll(auth, did)))
    const response = await serveBlob(app.blobs, blob, request)
    if (!response) throw errors.BlobNotFound('Blob not found')
    return response
  },
})
