import { define, errors } from '#lex/com/atproto/lexicon/resolveLexicon'
import { anyone } from '#src/server/auth/policy.ts'
import { parseRecord, uriOf } from '#src/services/lexicons/document.ts'
import { LexiconError } from '#src/services/lexicons/lexicon-error.ts'

/** What the authority of a name publishes, also where this host has a lexicon of that name in its tree. */
export default define({
  auth: anyone,
  async handler({ params, clientAddress, services }) {
    try {
      const published = await services.lexicons.lexicon(params.nsid, clientAddress)
      return { uri: uriOf(published), cid: published.cid, schema: parseRecord(published) }
    } catch (error) {
      if (!(error instanceof LexiconError)) throw error
      throw errors.LexiconNotFound(error.message, { cause: error })
    }
  },
})
