/** `cumulus app-password`: passwords of single apps. */
import { escapeControls } from '../../codegen/escape-controls.ts'
import { accountArg, operatorCommand } from '../operator/command.ts'
import { askAsOperator } from '../operator/operator.ts'
import { group } from '../terminal/command.ts'

const name = {
  type: 'string',
  required: true,
  description: 'What it is called, such as "phone"',
} as const

const create = operatorCommand({
  name: 'create',
  description:
    'Makes a password for one app, which opens the account without a second factor. It is shown this once.',
  args: {
    account: accountArg,
    name,
    privileged: { type: 'boolean', default: false, description: 'It opens private messages too' },
  },
  run: async ({ account, name: called, privileged, ...host }) => {
    const body = { account, name: called, privileged }
    const answer = await askAsOperator(host, '/operator/app-passwords/create', body)
    const text = `"${answer.name}" of @${answer.handle}\n\npassword  ${answer.password}   <- shown this once\n`
    return { answer, text }
  },
})

const list = operatorCommand({
  name: 'list',
  description: 'Lists the app passwords of an account.',
  args: { account: accountArg },
  run: async ({ account, ...host }) => {
    const answer = await askAsOperator(host, '/operator/app-passwords', { account })
    const all = answer.appPasswords as { name: string; createdAt: string; privileged: boolean }[]
    const lines = all.map(
      (one) =>
        `${one.createdAt.slice(0, 10)}  ${escapeControls(one.name)}${one.privileged ? '  (private messages too)' : ''}\n`,
    )
    return { answer, text: lines.join('') || `@${answer.handle} has none.\n` }
  },
})

const revoke = operatorCommand({
  name: 'revoke',
  description: 'Takes an app password back, and ends the sessions that it has opened.',
  args: { account: accountArg, name },
  run: async ({ account, name: called, ...host }) => {
    const body = { account, name: called }
    const answer = await askAsOperator(host, '/operator/app-passwords/revoke', body)
    return { answer, text: `"${answer.name}" of @${answer.handle} opens nothing any more\n` }
  },
})

export default group('app-password', 'Passwords of single apps', {
  create: async () => create,
  list: async () => list,
  revoke: async () => revoke,
})
