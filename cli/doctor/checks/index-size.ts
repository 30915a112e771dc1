/** Whether the objects of the host's index have room. */
import { bytesInWords } from '../../../src/web/numbers.ts'
import type { Check } from '../check.ts'
import { foundIf } from '../finding.ts'

/** Bytes of one object: seven tenths of what Cloudflare gives it. */
const MUCH = 7 * 1000 ** 3

export const indexChecks: readonly Check[] = [
  {
    of: 'host',
    id: 'index-size',
    title: 'Every object of the index has room',
    severity: 'warning',
    means:
      'At 10 GB Cloudflare lets an object store nothing more: new records are missing wherever the index is asked, and no hook is told of them.',
    mend: 'Set PDS_INDEX_SHARDS to twice as many and deploy: the index is divided while the host runs (docs/collections.md, “Several objects”)',
    async run({ status: { freeBytes, index } }) {
      // A disk has no such limit, and says itself when it is full.
      if (freeBytes !== undefined) return []
      return (index?.shards ?? []).flatMap(({ bytes }, at, all) =>
        foundIf(bytes > MUCH, () => ({
          what: `Object ${at + 1} of ${all.length} has ${bytesInWords(bytes)}, of 10 GB.`,
        })),
      )
    },
  },
]
