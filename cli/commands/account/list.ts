/** `cumulus account list`: the accounts of a running host, page by page. */
import { escapeControls } from '../../../codegen/escape-controls.ts'
import { operatorCommand, safe } from '../../operator/command.ts'
import { askAsOperator, type OperatorArgs } from '../../operator/operator.ts'
import { UsageError } from '../../terminal/errors.ts'

/** Accounts in one answer of a host. */
const MAX_PAGE = 100

const FILTERS = 'attention, takendown, deactivated, unconfirmed, without-factor, new or operators'

interface Account {
  did: string
  handle: string
  email: string | null
  status: string | null
  role: string | null
  createdAt: number
  attention: string | null
}

interface Page {
  accounts: Account[]
  cursor?: string
}

export default operatorCommand({
  name: 'list',
  description:
    'Lists accounts: all, or those whose handle, DID or e-mail address begins with something.',
  args: {
    prefix: { type: 'positional', required: false, description: 'What their name begins with' },
    filter: { type: 'string', description: `Only some: ${FILTERS}` },
    limit: { type: 'string', default: '100', description: 'How many at most' },
    cursor: { type: 'string', description: 'Where the page before ended' },
    all: { type: 'boolean', default: false, description: 'All pages, one after the other' },
  },
  about:
    'EXAMPLES\n\n  npx cumulus account list alice\n  npx cumulus account list --filter takendown --all --json',
  run: async ({ prefix = '', filter, limit, cursor, all, json, ...host }) => {
    const most = all ? Number.POSITIVE_INFINITY : countOf(limit)
    const accounts: Account[] = []
    let next = cursor
    let isFirst = true
    while (accounts.length < most && (isFirst || next !== undefined)) {
      const size = Math.min(MAX_PAGE, most - accounts.length)
      const page = await pageOf(host, { prefix, filter, limit: size, cursor: next })
      isFirst = false
      next = page.cursor
      if (all && !json)
        for (const account of page.accounts) process.stdout.write(safe(line(account)))
      accounts.push(...page.accounts)
    }
    const more = next === undefined ? '' : `More: --cursor '${next}'\n`
    const text = all ? '' : accounts.map(line).join('') + more
    const none = accounts.length === 0 ? 'There is no such account.\n' : ''
    return { answer: { accounts, ...(next && { cursor: next }) }, text: text || none }
  },
})

async function pageOf(host: OperatorArgs, body: object): Promise<Page> {
  return (await askAsOperator(host, '/operator/accounts/search', body)) as unknown as Page
}

const line = ({ handle, did, email, status, role, createdAt, attention }: Account): string =>
  [
    handle.padEnd(28),
    did.padEnd(32),
    new Date(createdAt).toISOString().slice(0, 10),
    escapeControls([status, role, email, attention].filter(Boolean).join(', ')),
  ]
    .join('  ')
    .trimEnd()
    .concat('\n')

/** @throws UsageError */
function countOf(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1) return count
  throw new UsageError(`--limit ${text}: a number from 1`)
}
