import { define, errors } from '#lex/com/atproto/sync/getBlob'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { did } = await app.getResident(params.did)
    const blob = unwrap(await app.account(did).getBlob(params.cid))
    const bytes = await app.blobs.get(blob.key)
    if (!bytes) throw errors.BlobNotFound('Blob not found')
    return new Response(bytes, {
      headers: {
        'content-type': blob.mimeType,
        'content-length': String(blob.size),
        // What people upload must never run in a browser as a page of this origin.
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
        'content-disposition': `attachment; filename="${blob.cid}"`,
      },
    })
  },
})
