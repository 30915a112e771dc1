import { parseCid } from '@atproto/lex-data'
import { BlobRef } from '@atproto/lexicon'
import { XRPCError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/repo/uploadBlob'
import { sessionOrService } from '#src/server/auth/policy.ts'
import { uploadBlobLimits } from '#src/server/limits/policy.ts'
import { storeBlob } from '#src/services/blobs/upload.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: sessionOrService,
  oauth: ({ encoding }) => [{ blob: encoding }],
  limits: uploadBlobLimits,
  async handler({ input, encoding, auth, request, app }) {
    const limit = app.config.blobUploadLimit
    const length = request.headers.get('content-length')
    const compressed = request.headers.has('content-encoding')
    const size = length === null || compressed ? undefined : Number(length)
    if (size !== undefined && size > limit) {
      throw new XRPCError(413, `Blob is too large: at most ${limit} bytes`, 'PayloadTooLarge')
    }
    const upload = async () => {
      const blob = await storeBlob(app.blobs, auth.did, input, {
        declaredType: encoding,
        size,
        limit,
        location: app.config.imageLocation,
      })
      const noted = await app.account(auth.did).addBlob(blob)
      if (!noted.ok) await app.blobs.delete(blob.key)
      unwrap(noted)
      return blob
    }
    const uploading = upload()
    // When the client hangs up, a Worker is stopped: but not before it has cleaned up, or noted what
    // is stored already.
    app.later(uploading.catch(() => undefined))
    const blob = await uploading
    return { blob: new BlobRef(parseCid(blob.cid) as never, blob.mimeType, blob.size) }
  },
})
