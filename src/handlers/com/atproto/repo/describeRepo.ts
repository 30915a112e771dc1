import { define } from '#lex/com/atproto/repo/describeRepo'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { handleOf } from '#src/identity/did-document.ts'
import { accountDocument } from '#src/identity/documents.ts'

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
