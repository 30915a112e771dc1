import { parseCid } from '@atproto/lex-data'
import { BlobRef } from '@atproto/lexicon'
import { define } from '#lex/com/atproto/repo/uploadBlob'
import { assertPermitted } from '#src/context/permissions.ts'
import { sessionOrService } from '#src/server/auth/policy.ts'

export default define({
  auth: sessionOrService,
  // Before the body is read, by what it is said to be; once more by what it is.
  oauth: ({ encoding }) => [{ blob: encoding }],
  // The upload itself says what is too large: by what it stores, when it is decompressed.
  inputLimit: ({ blobUploadLimit }) => blobUploadLimit + 1024 * 1024,
  countsInput: true,
  async handler({ input, encoding, auth, request, services }) {
    // Of a service that acts for the account nobody is signed in.
    const holder = auth.type === 'service' ? undefined : { session: auth.session }
    const length = request.headers.get('content-length')
    const compressed = request.headers.has('content-encoding')
    const size = length === null || compressed ? undefined : Number(length)
    const assertMayStore = (blob: string): void => {
      if (auth.type === 'oauth') assertPermitted(auth.permissions, { blob })
    }
    const options = { declaredType: encoding, size, assertMayStore, holder }
    const { cid, mimeType, size: stored } = await services.blobs.upload(auth.did, input, options)
    return { blob: new BlobRef(parseCid(cid) as never, mimeType, stored) }
  },
})
