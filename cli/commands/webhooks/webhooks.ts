/** `cumulus webhooks`: services outside that are told of writes (docs/webhooks.md). */
import type { WebhookLetterView, WebhookView } from '../../../src/contracts/webhook-view.ts'
import { operatorCommand } from '../../operator/command.ts'
import { askAsOperator, type OperatorArgs } from '../../operator/operator.ts'
import { group } from '../../terminal/command.ts'
import { CommandError } from '../../terminal/errors.ts'
import { Prompts, promptArgs } from '../../terminal/prompts.ts'

const webhookArg = {
  type: 'positional',
  required: true,
  description: 'Number of the webhook, as `webhooks list` shows it',
} as const

const writeArg = {
  type: 'positional',
  required: false,
  description: 'Number of the write, as `webhooks given-up` shows it (default: all)',
} as const

const list = operatorCommand({
  name: 'list',
  description: 'Lists webhooks, with how each is doing.',
  args: {},
  run: async (host) => {
    const answer = await askAsOperator(host, '/operator/webhooks', {})
    const text = (answer.webhooks as WebhookView[]).map(describe).join('')
    return { answer, text: text || 'This host has no webhooks.\n' }
  },
})

const add = operatorCommand({
  name: 'add',
  description:
    'Has a service told of each write in some collections, from now on. ' +
    'Each is a POST of JSON with a token of the account that wrote, which the service verifies.',
  args: {
    url: { type: 'positional', required: true, description: 'Its address, https' },
    collections: {
      type: 'string',
      required: true,
      valueHint: 'nsid,…',
      description: 'What it is told of: NSIDs, or names that end in .*, with commas between them',
    },
    method: {
      type: 'string',
      valueHint: 'nsid',
      description:
        'Method that tokens are good for (default: that of an address that ends in /xrpc/<nsid>)',
    },
    audience: {
      type: 'string',
      valueHint: 'did',
      description: 'DID of the service (default: did:web of the address)',
    },
    private: {
      type: 'boolean',
      description: 'It is in a network of one’s own: a private address, perhaps without TLS',
    },
  },
  run: async ({ url, collections, method, audience, private: isPrivate, ...host }) => {
    const wanted = collections.split(',').map((one) => one.trim())
    const body = {
      ...{ url, audience, method, private: isPrivate === true },
      collections: wanted.filter(Boolean),
    }
    const answer = await askAsOperator(host, '/operator/webhooks/add', body)
    return { answer, text: `webhook ${String(answer.id)} is told of what is written from now on\n` }
  },
})

const remove = operatorCommand({
  name: 'remove',
  description: 'Ends a webhook, and forgets what it was not told of.',
  args: { webhook: webhookArg, ...promptArgs },
  run: async ({ webhook, yes, ...host }) => {
    const isSure = await new Prompts({ yes }).confirm(`End webhook ${webhook}?`, '--yes')
    if (!isSure) throw new CommandError('Nothing was done.')
    return change(host, 'remove', webhook, 'is ended')
  },
})

const pause = operatorCommand({
  name: 'pause',
  description: 'Sends nothing until `webhooks resume`, as long as the log of events has it.',
  args: { webhook: webhookArg },
  run: ({ webhook, ...host }) => change(host, 'pause', webhook, 'is paused'),
})

const resume = operatorCommand({
  name: 'resume',
  description: 'Goes on where it was.',
  args: { webhook: webhookArg },
  run: ({ webhook, ...host }) => change(host, 'resume', webhook, 'goes on'),
})

const test = operatorCommand({
  name: 'test',
  description: 'Sends `{"action": "test"}`, in the name of an account, and says what came of it.',
  args: {
    webhook: webhookArg,
    account: { type: 'positional', required: true, description: 'Handle or DID of the account' },
  },
  run: async ({ webhook, account, ...host }) => {
    const body = { id: numberOf(webhook, 'list'), account }
    const answer = await askAsOperator(host, '/operator/webhooks/test', body)
    const { status, error, ms } = answer as { status?: number; error?: string; ms: number }
    if (error !== undefined) throw new CommandError(`It was not taken, after ${ms} ms: ${error}`)
    return { answer, text: `taken: status ${status}, after ${ms} ms\n` }
  },
})

const givenUp = operatorCommand({
  name: 'given-up',
  description: 'Lists writes that services refused too often, the newest hundred.',
  args: {},
  run: async (host) => {
    const answer = await askAsOperator(host, '/operator/webhooks/given-up', {})
    const lines = (answer.letters as WebhookLetterView[]).map(
      ({ id, webhook, uri, action, error, failedAt }) =>
        `${id}  ${time(failedAt)}  webhook ${webhook}  ${action}  ${uri}  ${error}\n`,
    )
    return { answer, text: lines.join('') || 'Nothing was given up.\n' }
  },
})

const retry = operatorCommand({
  name: 'retry',
  description: 'Sends writes again that were given up: one, or the oldest hundred.',
  args: { number: writeArg },
  run: async ({ number, ...host }) => {
    const body = { id: number === undefined ? undefined : numberOf(number, 'given-up') }
    const answer = await askAsOperator(host, '/operator/webhooks/retry', body)
    const text = `${String(answer.taken)} taken, ${String(answer.left)} left\n`
    return { answer, text }
  },
})

const drop = operatorCommand({
  name: 'drop',
  description: 'Forgets writes that were given up.',
  args: { number: writeArg, ...promptArgs },
  run: async ({ number, yes, ...host }) => {
    const id = number === undefined ? undefined : numberOf(number, 'given-up')
    const what = id === undefined ? 'all writes that were given up' : `write ${id}`
    const isSure = await new Prompts({ yes }).confirm(`Forget ${what}?`, '--yes')
    if (!isSure) throw new CommandError('Nothing was done.')
    const answer = await askAsOperator(host, '/operator/webhooks/drop', { id })
    return { answer, text: `${String(answer.count)} forgotten\n` }
  },
})

async function change(host: OperatorArgs, what: string, webhook: string, done: string) {
  const id = numberOf(webhook, 'list')
  const answer = await askAsOperator(host, `/operator/webhooks/${what}`, { id })
  return { answer, text: `webhook ${id} ${done}\n` }
}

/** @throws CommandError */
function numberOf(given: string, listedBy: string): number {
  if (/^[1-9]\d{0,14}$/.test(given)) return Number(given)
  throw new CommandError(`${given} is no number: \`cumulus webhooks ${listedBy}\` shows them.`)
}

function describe(webhook: WebhookView): string {
  const { id, url, collections, audience, method, delivered, skipped, letters, lost } = webhook
  const { waiting, refusal } = webhook
  const counts = [
    `${delivered} taken`,
    ...(skipped > 0 ? [`${skipped} of accounts that are gone`] : []),
    ...(waiting > 0 ? [`${waiting} refused or behind one: ${refusal ?? ''}`] : []),
    ...(letters > 0 ? [`${letters} given up`] : []),
    ...(lost > 0 ? [`${lost} times some had left the log before`] : []),
  ]
  return `${id}  ${url}  ${stateOf(webhook)}
   told of ${collections.join(', ')}; tokens for ${audience}, ${method}; ${counts.join(', ')}\n`
}

function stateOf({ paused, failingSince, error, nextAt, behind }: WebhookView): string {
  if (paused !== null) return `paused: ${paused}`
  if (failingSince !== undefined) {
    const next = nextAt === undefined ? '' : `, tried again at ${time(nextAt)}`
    return `fails since ${time(failingSince)}: ${error}${next}`
  }
  return behind > 0 ? `${behind} events to look at` : 'has all'
}

const time = (ms: number): string => new Date(ms).toISOString()

export default group('webhooks', 'Services outside that are told of writes', {
  list: async () => list,
  add: async () => add,
  remove: async () => remove,
  pause: async () => pause,
  resume: async () => resume,
  test: async () => test,
  'given-up': async () => givenUp,
  retry: async () => retry,
  drop: async () => drop,
})
