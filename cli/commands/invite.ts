/** `cumulus invite`: codes with which people sign up. */
import { operatorCommand } from '../operator/command.ts'
import { askAsOperator, readAsOperator } from '../operator/operator.ts'
import { group } from '../terminal/command.ts'
import { UsageError } from '../terminal/errors.ts'

const CREATE = '/xrpc/com.atproto.server.createInviteCodes'
const LIST = '/xrpc/com.atproto.admin.getInviteCodes'
const DISABLE = '/xrpc/com.atproto.admin.disableInviteCodes'

const create = operatorCommand({
  name: 'create',
  description: 'Makes invite codes.',
  args: {
    count: { type: 'string', default: '1', description: 'How many codes' },
    uses: { type: 'string', default: '1', description: 'How many people may sign up with each' },
    for: {
      type: 'string',
      description: 'Whose they are: handle, DID or e-mail address (default: the operator’s)',
    },
  },
  run: async ({ count, uses, for: owner, ...host }) => {
    const codeCount = numberOf('--count', count)
    const useCount = numberOf('--uses', uses)
    const found =
      owner === undefined
        ? undefined
        : await askAsOperator(host, '/operator/account', { account: owner })
    const answer = await askAsOperator(host, CREATE, {
      codeCount,
      useCount,
      ...(found && { forAccounts: [found.did] }),
    })
    const codes = (answer.codes as { account: string; codes: string[] }[]).flatMap(
      (one) => one.codes,
    )
    return { answer, text: codes.map((code) => `${code}\n`).join('') }
  },
})

interface Code {
  code: string
  available: number
  disabled: boolean
  forAccount: string
  createdAt: string
  uses: { usedBy: string; usedAt: string }[]
}

const list = operatorCommand({
  name: 'list',
  description: 'Lists invite codes and who has used them.',
  args: {
    sort: { type: 'string', default: 'recent', description: '"recent" or "usage"' },
    limit: { type: 'string', default: '100', description: 'How many, up to 500' },
    cursor: { type: 'string', description: 'Where the page before ended' },
  },
  run: async ({ sort, limit, cursor, ...host }) => {
    const query = new URLSearchParams({ sort, limit, ...(cursor && { cursor }) })
    const answer = await readAsOperator(host, `${LIST}?${query}`)
    const lines = (answer.codes as Code[]).map(
      ({ code, available, disabled, forAccount, createdAt, uses }) =>
        `${createdAt.slice(0, 10)}  ${code}  ${uses.length} of ${available} used` +
        `${disabled ? ', disabled' : ''}  ${forAccount}${uses.map(({ usedBy }) => `\n              ${usedBy}`).join('')}\n`,
    )
    const more = typeof answer.cursor === 'string' ? `More: --cursor '${answer.cursor}'\n` : ''
    return { answer, text: `${lines.join('') || 'There are none.\n'}${more}` }
  },
})

const disable = operatorCommand({
  name: 'disable',
  description: 'Makes invite codes worthless: some, or all of an account.',
  args: {
    codes: { type: 'positional', required: false, description: 'The codes' },
    account: {
      type: 'string',
      description: 'All codes of this account: handle, DID or e-mail address',
    },
  },
  rest: true,
  run: async ({ codes: first, account, _: all, ...host }) => {
    const codes = all.length > 0 ? all : first ? [first] : []
    if (codes.length === 0 && !account)
      throw new UsageError('name codes, or an account with --account')
    const found =
      account === undefined
        ? undefined
        : await askAsOperator(host, '/operator/account', { account })
    const accounts = found ? [String(found.did)] : []
    await askAsOperator(host, DISABLE, { codes, accounts })
    const text = found
      ? `No code of @${found.handle} works any more\n`
      : `${codes.length} disabled\n`
    return { answer: { codes, accounts }, text }
  },
})

/** @throws UsageError */
function numberOf(flag: string, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw new UsageError(`${flag} ${text}: a number from 1`)
}

export default group('invite', 'Codes with which people sign up', {
  create: async () => create,
  list: async () => list,
  disable: async () => disable,
})
