/** Permission sets (permission specification): from the network, or else from this host's tree of lexicons. */

import { LexResolverError } from '@atproto/oauth-provider/provider'
import type { LexiconStore } from '@atproto/oauth-provider/store'
import { currentRequest } from '../../context/current-request.ts'
import type { Services } from '../../context/services.ts'
import { schemaOf } from '../../kernel/lexicons.ts'
import { parseRecord, uriOf } from '../../services/lexicons/document.ts'
import { LexiconError } from '../../services/lexicons/lexicon-error.ts'
import { plainTexts } from '../plain-texts.ts'

/** Nothing is kept here: the resolver of this host caches, in memory and in storage. */
export const lexiconStore: LexiconStore = {
  async findLexicon() {
    return null
  },
  async storeLexicon() {},
  async deleteLexicon() {},
}

/** What the provider asks for lexicons. */
export const lexResolver = (services: Services) => ({
  async get(nsid: string) {
    try {
      const published = await services.lexicons.lexicon(nsid, currentRequest().clientNetwork)
      return { uri: uriOf(published), lexicon: plainTexts(parseRecord(published)) }
    } catch (cause) {
      if (!(cause instanceof LexiconError)) throw cause
      const lexicon = schemaOf(nsid)
      if (lexicon) return { uri: `lexicons/${nsid}`, lexicon }
      throw LexResolverError.from(nsid, cause.message, { cause })
    }
  },
})
