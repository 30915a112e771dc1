/** `cumulus account show alice.test`: all that an operator may know of an account. */
import { escapeControls } from '../../../codegen/escape-controls.ts'
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askAsOperator } from '../../operator/operator.ts'
import { quantityInWords } from './quota.ts'

interface Shown {
  did: string
  handle: string
  email: string | null
  emailConfirmedAt: string | null
  status: string
  deactivatedAt: string | null
  takedown: string | null
  awaitsApproval: boolean
  createdAt: string
  role: string | null
  attention: string | null
  usage: Record<string, unknown>
  quota: Record<string, unknown>
  factors: { totp: boolean; email: boolean; recoveryCodes: number; passkeys: number }
  appPasswords: { name: string; createdAt: string; privileged: boolean }[]
  sessions: number
  apps: { clientId: string }[]
  invitedBy: string | null
}

export default operatorCommand({
  name: 'show',
  description: 'Shows an account: its state, what it uses, and how its owner signs in.',
  args: { account: accountArg },
  run: async ({ account, ...host }) => {
    const answer = await askAsOperator(host, '/operator/accounts/show', { account })
    return { answer, text: describe(answer as unknown as Shown) }
  },
})

function describe(shown: Shown): string {
  const { factors, appPasswords, apps } = shown
  const signIn = [
    `${factors.passkeys} passkeys`,
    `authenticator app ${factors.totp ? 'on' : 'off'}`,
    `codes by mail ${factors.email ? 'on' : 'off'}`,
    `${factors.recoveryCodes} recovery codes`,
  ]
  const rows: [string, string | null][] = [
    ['handle', shown.handle],
    ['did', shown.did],
    ['state', stateOf(shown)],
    ['role', shown.role],
    ['address', addressOf(shown)],
    ['made', shown.createdAt],
    ['invited by', shown.invitedBy],
    ['attention', shown.attention],
    ['sign-in', signIn.join(', ')],
    ['app passwords', appPasswords.map(({ name }) => name).join(', ') || 'none'],
    ['open sessions', String(shown.sessions)],
    ['apps', apps.map(({ clientId }) => clientId).join(', ') || 'none'],
    ['uses', pairs(shown.usage)],
    ['own limits', pairs(shown.quota) || 'none'],
  ]
  return rows
    .flatMap(([name, value]) =>
      value === null ? [] : [`${name.padEnd(14)} ${escapeControls(value)}\n`],
    )
    .join('')
}

function stateOf({ status, takedown, deactivatedAt, awaitsApproval }: Shown): string {
  if (awaitsApproval) return 'waits for approval'
  if (takedown !== null) return `taken down: ${takedown}`
  return deactivatedAt === null ? status : `${status} since ${deactivatedAt}`
}

const addressOf = ({ email, emailConfirmedAt }: Shown): string =>
  email === null ? 'none' : `${email}, ${emailConfirmedAt === null ? 'not ' : ''}confirmed`

const pairs = (values: Record<string, unknown>): string =>
  Object.entries(values)
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => {
      const bytes = /^(.*)Bytes$/.exec(name)?.[1]
      return `${bytes ?? name} ${quantityInWords(name, Number(value))}`
    })
    .join(', ')
