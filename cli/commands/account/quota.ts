/** `cumulus account quota alice.test records=5000000 blobs=20GB`: what one account uses, and may use. */
import { type Quota, quotaNames, readQuantity } from '../../../src/kernel/quota.ts'
import { bytesInWords, inThousands } from '../../../src/web/numbers.ts'
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askAsOperator } from '../../operator/operator.ts'
import { CommandError } from '../../terminal/errors.ts'

/** Short names of the quotas. */
const NAMES: Readonly<Record<string, keyof Quota>> = {
  records: 'records',
  repo: 'repositoryBytes',
  blobs: 'blobBytes',
  uploads: 'uploads',
  'upload-bytes': 'uploadBytes',
}

interface Answer {
  handle: string
  did: string
  set: Partial<Quota>
  usage: Record<keyof Quota, number> & { limits: Quota }
}

export default operatorCommand({
  name: 'quota',
  description:
    'Shows what an account uses, and sets limits of its own for it: <name>=<number>, with K, M, G or T behind it, ' +
    `0 for no limit, "default" for the host's. Names: ${Object.keys(NAMES).join(', ')}.`,
  args: { account: accountArg },
  json: '{handle, did, usage, set}, sizes in bytes,',
  // What stands behind the account is read by `readChange`.
  rest: true,
  async run({ account, _: words, ...host }) {
    const change = Object.fromEntries(words.slice(1).map(readChange))
    const answer = await askAsOperator(host, '/operator/quota', {
      account,
      ...(words.length > 1 && { quota: change }),
    })
    return { answer, text: describe(answer as unknown as Answer) }
  },
})

function describe({ usage, set, handle, did }: Answer): string {
  const lines = Object.entries(NAMES).map(([short, name]) => {
    const limit =
      usage.limits[name] === 0 ? 'any number' : quantityInWords(name, usage.limits[name])
    const source = set[name] === undefined ? '' : '   <- set for this account'
    return `${short.padEnd(13)} ${quantityInWords(name, usage[name]).padStart(14)} of ${limit}${source}\n`
  })
  return `${handle} (${did})\n${lines.join('')}`
}

/** @param name of a usage or quota, which says whether it is one of bytes */
export const quantityInWords = (name: string, value: number): string =>
  /bytes$/i.test(name) ? bytesInWords(value) : inThousands(value)

/** @throws CommandError */
export function readChange(word: string): [keyof Quota, number | null] {
  const [, short = '', value = ''] = /^([a-z-]+)=(.*)$/.exec(word) ?? []
  const name = NAMES[short] ?? quotaNames.find((known) => known === short)
  if (!name) {
    throw new CommandError(`"${word}" is no quota: ${Object.keys(NAMES).join('=…, ')}=…`)
  }
  if (value === 'default') return [name, null]
  const quantity = readQuantity(value)
  if (quantity === undefined) {
    throw new CommandError(`"${word}" needs a number, such as 5000000 or 20G, or "default"`)
  }
  return [name, quantity]
}
