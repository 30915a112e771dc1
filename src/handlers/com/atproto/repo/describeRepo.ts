import { define } from '#lex/com/atproto/repo/describeRepo'
import { anyone } from '#src/server/auth/policy.ts'
import { handleOf } from '#src/services/identity/did-document.ts'
import { accountDocument } from '#src/services/identity/documents.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { did, handle } = await app.getResident(params.repo)
    const description = unwrap(await app.account(did).describe())
    const didDoc = accountDocument(description, app.config.publicUrl)
    return {
      handle,
      did,
      didDoc,
      collections: description.collections,
      handleIsCorrect: handleOf(didDoc) === handle,
    }
  },
})
