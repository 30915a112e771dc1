/** `cumulus account queue`, `approve alice.test`, `refuse alice.test --reason "..."`: sign-ups that wait. */
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askAsOperator, type OperatorArgs } from '../../operator/operator.ts'

interface Waiting {
  handle: string
  did: string
  email: string | null
  since: number
}

export const queue = operatorCommand({
  name: 'queue',
  description: 'Lists the sign-ups that wait for approval, the oldest hundred.',
  args: {},
  run: async (host) => {
    const answer = await askAsOperator(host, '/operator/sign-ups', {})
    const lines = (answer.waiting as Waiting[]).map(
      ({ handle, did, email, since }) =>
        `${new Date(since).toISOString()}  ${handle}  ${email ?? '-'}  ${did}\n`,
    )
    return { answer, text: `${lines.join('')}${String(answer.total)} wait\n` }
  },
})

export const approve = operatorCommand({
  name: 'approve',
  description: 'Lets somebody in who waits. Their identity is published then.',
  args: { account: accountArg },
  run: ({ account, ...host }) => decide(host, 'approve', { account }, 'approved'),
})

export const refuse = operatorCommand({
  name: 'refuse',
  description: 'Sends somebody away who waits, and deletes what is stored of them.',
  args: {
    account: accountArg,
    reason: {
      type: 'string',
      description: 'What the owner is told, on one line (default: nothing)',
    },
  },
  run: ({ account, reason, ...host }) => decide(host, 'refuse', { account, reason }, 'refused'),
})

async function decide(host: OperatorArgs, what: string, body: object, done: string) {
  const answer = await askAsOperator(host, `/operator/sign-ups/${what}`, body)
  return { answer, text: `${String(answer.handle)} (${String(answer.did)}) is ${done}\n` }
}
