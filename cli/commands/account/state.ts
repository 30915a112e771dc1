/** `cumulus account activate alice.test` and others: what an account may do. */
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askAsOperator } from '../../operator/operator.ts'
import { CommandError } from '../../terminal/errors.ts'
import { Prompts, promptArgs } from '../../terminal/prompts.ts'

const simple = (name: 'activate' | 'restore', description: string, done: string) =>
  operatorCommand({
    name,
    description,
    args: { account: accountArg },
    run: async ({ account, ...host }) => {
      const answer = await askAsOperator(host, `/operator/accounts/${name}`, { account })
      return { answer, text: `@${answer.handle} (${answer.did}) ${done}\n` }
    },
  })

export const activate = simple(
  'activate',
  'Makes a deactivated account active again, provided that its identity says that it lives here.',
  'is active',
)

export const restore = simple('restore', 'Takes a takedown back.', 'is no longer taken down')

export const deactivate = operatorCommand({
  name: 'deactivate',
  description:
    'Deactivates an account: nothing of it is shown any more, until it is activated again.',
  args: { account: accountArg, ...promptArgs },
  run: ({ account, yes, ...host }) =>
    asked({ account, yes, question: 'Deactivate', host }, async () => {
      const answer = await askAsOperator(host, '/operator/accounts/deactivate', { account })
      return { answer, text: `@${answer.handle} (${answer.did}) is deactivated\n` }
    }),
})

export const takedown = operatorCommand({
  name: 'takedown',
  description:
    'Takes an account down: nobody sees it, and its owner can only read and export, until it is restored.',
  args: {
    account: accountArg,
    reason: { type: 'string', required: true, description: 'Why, for the moderation log' },
    ...promptArgs,
  },
  run: ({ account, reason, yes, ...host }) =>
    asked({ account, yes, question: 'Take down', host }, async () => {
      const answer = await askAsOperator(host, '/operator/accounts/takedown', { account, reason })
      return { answer, text: `@${answer.handle} (${answer.did}) is taken down\n` }
    }),
})

interface Asked {
  account: string
  yes: boolean
  question: string
  host: { host?: string; dev: boolean }
}

/** Shows whom it is about before it is done. @throws CommandError */
async function asked<T>(
  { account, yes, question, host }: Asked,
  work: () => Promise<T>,
): Promise<T> {
  const { handle, did } = await askAsOperator(host, '/operator/account', { account })
  const isSure = await new Prompts({ yes }).confirm(`${question} @${handle} (${did})?`, '--yes')
  if (!isSure) throw new CommandError('Nothing was done.')
  return work()
}
