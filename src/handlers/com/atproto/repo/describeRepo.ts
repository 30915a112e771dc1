import { define } from '#lex/com/atproto/repo/describeRepo'
import { anyone } from '#src/server/auth/policy.ts'
import { handleOf } from '#src/services/identity/did-document.ts'
import { accountDocument } from '#src/services/identity/documents.ts'

export default define({
  auth: anyone,
  async handler({ params, services }) {
    const { did, handle } = await services.accounts.get(params.repo)
    const description = await services.account(did).repository.describe()
    const didDoc = accountDocument(description, services.config.publicUrl)
    return {
      handle,
      did,
      didDoc,
      collections: description.collections,
      handleIsCorrect: handleOf(didDoc) === handle,
    }
  },
})
