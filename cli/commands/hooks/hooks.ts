/** `cumulus hooks`: writes that hooks of collections were not told of (docs/collections.md). */
import { operatorCommand } from '../../operator/command.ts'
import { askAsOperator, type OperatorArgs } from '../../operator/operator.ts'
import { group } from '../../terminal/command.ts'
import { CommandError } from '../../terminal/errors.ts'
import { Prompts, promptArgs } from '../../terminal/prompts.ts'

interface Letter {
  id: number
  uri: string
  action: string
  attempts: number
  error: string
  failedAt: number
}

interface Counts {
  collection: string
  waiting: number
  behind: number
  letters: number
}

const numberArg = {
  type: 'positional',
  required: false,
  description: 'Number of the write, as `hooks list` shows it (default: all)',
} as const

const list = operatorCommand({
  name: 'list',
  description: 'Lists writes that were given up, the newest hundred, with the last error of each.',
  args: {},
  run: async (host) => {
    const answer = await askAsOperator(host, '/operator/hooks', {})
    const letters = (answer.letters as Letter[]).map(
      ({ id, uri, action, attempts, error, failedAt }) =>
        `${id}  ${new Date(failedAt).toISOString()}  ${action}  ${uri}  (${attempts} attempts)  ${error.replaceAll('\n', ' ')}\n`,
    )
    const counts = (answer.hooks as Counts[]).map(
      ({ collection, waiting, behind, letters }) =>
        `${collection}: ${waiting} wait${behind > 0 ? `, those of ${behind} accounts in the log as well` : ''}, ${letters} given up\n`,
    )
    return { answer, text: [...letters, ...counts].join('') || 'This host has no hooks.\n' }
  },
})

const retry = operatorCommand({
  name: 'retry',
  description: 'Tells the hook again, behind what waits for it.',
  args: { number: numberArg },
  run: ({ number, ...host }) => change(host, 'retry', number, 'told again'),
})

const drop = operatorCommand({
  name: 'drop',
  description: 'Forgets writes that were given up: no hook will be told of them.',
  args: { number: numberArg, ...promptArgs },
  run: async ({ number, yes, ...host }) => {
    const what = number === undefined ? 'all writes that were given up' : `write ${number}`
    const isSure = await new Prompts({ yes }).confirm(`Forget ${what}?`, '--yes')
    if (!isSure) throw new CommandError('Nothing was done.')
    return change(host, 'drop', number, 'forgotten')
  },
})

async function change(host: OperatorArgs, what: string, number: string | undefined, done: string) {
  const id = number === undefined ? undefined : Number(number)
  if (id !== undefined && !(Number.isSafeInteger(id) && id > 0)) {
    throw new CommandError(`${number} is no number of a write: \`cumulus hooks list\` shows them.`)
  }
  const answer = await askAsOperator(host, `/operator/hooks/${what}`, { id })
  return { answer, text: `${String(answer.count)} ${done}\n` }
}

export default group('hooks', 'Writes that hooks of collections were not told of', {
  list: async () => list,
  retry: async () => retry,
  drop: async () => drop,
})
