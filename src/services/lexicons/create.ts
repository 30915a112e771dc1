import type { App } from '../../app.ts'
import { SCHEMA_COLLECTION } from './document.ts'
import { type LexiconMemory, LexiconResolver } from './resolver.ts'

type Parts = Pick<App, 'config' | 'directory' | 'identity' | 'account' | 'later' | 'log'> & {
  memory: LexiconMemory
}

/** The resolver of one request, with the directory's storage behind the isolate's memory. */
export function createLexiconResolver(parts: Parts): LexiconResolver {
  const { config, memory, directory, identity, account, later, log } = parts
  return new LexiconResolver({
    config,
    memory,
    store: {
      find: async (nsid) => directory.findLexicon(nsid),
      put: async (row) => directory.keepLexicon(row),
    },
    document: (did, options) => identity.did(did, options),
    async ownProof(did, pds, rkey) {
      if (pds.replace(/\/$/, '') !== config.publicUrl) return undefined
      const proof = await account(did).proveRecord(SCHEMA_COLLECTION, rkey)
      return proof.ok ? proof.value : undefined
    },
    later,
    log,
  })
}
