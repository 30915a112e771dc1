/** `cumulus account quota alice.test records=5000000 blobs=20GB`: what one account uses, and may use. */
import type { ArgsDef } from 'citty'
import { type Quota, quotaNames, readQuantity } from '../../../src/kernel/quota.ts'
import { askAsOperator, type OperatorArgs, operatorArgs } from '../../operator/operator.ts'
import { command } from '../../terminal/command.ts'
import { CommandError } from '../../terminal/errors.ts'

/** Short names of the quotas. */
const NAMES: Readonly<Record<string, keyof Quota>> = {
  records: 'records',
  repo: 'repositoryBytes',
  blobs: 'blobBytes',
  uploads: 'uploads',
  'upload-bytes': 'uploadBytes',
}

const args = {
  account: { type: 'positional', required: true, description: 'Handle, DID or e-mail address' },
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {handle, did, usage, set}' },
} as const satisfies ArgsDef

export default command({
  name: 'quota',
  description:
    'Shows what an account uses, and sets limits of its own for it: <name>=<number>, with K, M, G or T behind it, ' +
    `0 for no limit, "default" for the host's. Names: ${Object.keys(NAMES).join(', ')}.`,
  args,
  // What stands behind the account is read by `readChange`.
  rest: true,
  run: (given) => run(given),
})

async function run({
  account,
  json,
  _: words,
  ...args
}: OperatorArgs & { account: string; json: boolean; _: string[] }): Promise<void> {
  const change = Object.fromEntries(words.slice(1).map(readChange))
  const answer = await askAsOperator(args, '/operator/quota', {
    account,
    ...(words.length > 1 && { quota: change }),
  })
  if (json) {
    process.stdout.write(`${JSON.stringify(answer)}\n`)
    return
  }
  const { usage, set, handle, did } = answer as {
    handle: string
    did: string
    set: Partial<Quota>
    usage: Record<keyof Quota, number> & { limits: Quota }
  }
  process.stdout.write(`${handle} (${did})\n`)
  for (const [short, name] of Object.entries(NAMES)) {
    const limit = usage.limits[name]
    const source = set[name] === undefined ? '' : '   <- set for this account'
    process.stdout.write(
      `${short.padEnd(13)} ${String(usage[name]).padStart(14)} of ${limit === 0 ? 'any number' : limit}${source}\n`,
    )
  }
}

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
