import { define, errors } from '#lex/com/atproto/lexicon/resolveLexicon'
import { anyone } from '#src/server/auth/policy.ts'
import { parseRecord, uriOf } from '#src/services/lexicons/document.ts'
import { LexiconError } from '#src/services/lexicons/lexicon-error.ts'

/**
 * `@atproto/lexicon` cannot check an answer that refers to a record type, as this one does; with a parameter in its
 * type it is sent as it is, in development too.
 */
const UNCHECKED = { headers: { 'content-type': 'application/json; charset=utf-8' } }

/** What the authority of a name publishes, also where this host has a lexicon of that name in its tree. */
export default define({
  auth: anyone,
  async handler({ params, clientAddress, services }) {
    try {
      const published = await services.lexicons.lexicon(params.nsid, clientAddress)
      const answer = { uri: uriOf(published), cid: published.cid, schema: parseRecord(published) }
      return Response.json(answer, UNCHECKED)
    } catch (error) {
      if (!(error instanceof LexiconError)) throw error
      throw errors.LexiconNotFound(error.message, { cause: error })
    }
  },
})
