import { parseCid } from '@atproto/lex-data'
import { BlobRef } from '@atproto/lexicon'
import { define } from '#lex/com/atproto/repo/uploadBlob'
import { uploadBlobLimits } from '#src/context/limits/policy.ts'
import { sessionOrService } from '#src/server/auth/policy.ts'

export default define({
  auth: sessionOrService,
  oauth: ({ encoding }) => [{ blob: encoding }],
  limits: uploadBlobLimits,
  // The upload itself says what is too large: by what it stores, when it is decompressed.
  inputLimit: ({ blobUploadLimit }) => blobUploadLimit + 1024 * 1024,
  async handler({ input, encoding, auth, request, services }) {
    const length = request.headers.get('content-length')
    const compressed = request.headers.has('content-encoding')
    const size = length === null || compressed ? undefined : Number(length)
    const options = { declaredType: encoding, size }
    const { cid, mimeType, size: stored } = await services.blobs.upload(auth.did, input, options)
    return { blob: new BlobRef(parseCid(cid) as never, mimeType, stored) }
  },
})
