import type { Config } from '../../kernel/config/config.ts'
import { unlessRefused } from '../objects/result.ts'
import type { HostObjects } from '../objects/stubs.ts'
import { SCHEMA_COLLECTION } from './document.ts'
import type { FetchParts } from './fetch-lexicon.ts'

/** Proofs of lexicons that accounts of this host publish: the host does not send requests to itself. */
export const ownProof =
  (
    { publicUrl }: Pick<Config, 'publicUrl'>,
    objects: Pick<HostObjects, 'account'>,
  ): FetchParts['ownProof'] =>
  async (did, pds, rkey) => {
    if (pds.replace(/\/$/, '') !== publicUrl) return undefined
    const { repository } = objects.account(did)
    return unlessRefused(repository.proveRecord(SCHEMA_COLLECTION, rkey))
  }
