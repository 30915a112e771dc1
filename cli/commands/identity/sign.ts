/** `cumulus identity sign alice.test change.json`: makes and signs a PLC operation. */
import { readFileSync } from 'node:fs'
import { text as readText } from 'node:stream/consumers'
import type { PlcState } from '../../../src/services/identity/plc-operation.ts'
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askIdentity } from '../../operator/identity.ts'
import { askAsOperator } from '../../operator/operator.ts'
import { CommandError } from '../../terminal/errors.ts'

/** Characters of a change; an operation has 7,500 bytes at most. */
const MAX_CHANGE = 20_000

const FIELDS = ['rotationKeys', 'verificationMethods', 'alsoKnownAs', 'services']

export default operatorCommand({
  name: 'sign',
  description:
    'Makes a PLC operation that changes what a JSON file says, and signs it: with the key of the host, or with one of the ' +
    'owner’s from a file. It is printed, and sent to the directory only with --submit.',
  args: {
    account: accountArg,
    change: {
      type: 'positional',
      required: true,
      description: `File with {${FIELDS.join(', ')}}, of which what is not there stays; "-" for standard input`,
    },
    key: {
      type: 'string',
      valueHint: 'file',
      description:
        'A file with a rotation key of the owner’s, 64 hex digits (default: the key of the host)',
    },
    submit: { type: 'boolean', default: false, description: 'Send it to the directory' },
  },
  about: `EXAMPLES

  echo '{"alsoKnownAs": ["at://alice.example.com"]}' | npx cumulus identity sign alice.test -
  npx cumulus identity sign alice.test change.json --key recovery.key --submit

With the key of the host, nothing is sent after which the account could not live here.`,
  run: async ({ account, change: path, key, submit, ...host }) => {
    const change = await readChange(path)
    if (key === undefined) {
      const body = { account, change, submit }
      const answer = await askAsOperator(host, '/operator/identity/sign', body)
      return { answer, text: printed(answer.operation, submit) }
    }
    const local = await import('../../identity/sign-locally.ts')
    const identity = await askIdentity(host, account)
    const { did, handle, plcUrl } = identity
    const operation = await local.signLocally(plcUrl, did, change, local.readKeyFile(key))
    if (submit) {
      await local.submitTo(plcUrl, did, operation)
      await askAsOperator(host, '/operator/announce', { account: did, what: 'identity' })
    }
    return {
      answer: { did, handle, operation, submitted: submit },
      text: printed(operation, submit),
    }
  },
})

const printed = (operation: unknown, submitted: boolean): string =>
  `${JSON.stringify(operation, null, 2)}\n${submitted ? 'It is in the directory.\n' : ''}`

/** @throws CommandError */
async function readChange(path: string): Promise<Partial<PlcState>> {
  const text = path === '-' ? await readText(process.stdin) : readFile(path)
  if (text.length > MAX_CHANGE) throw new CommandError('The change is too large for an operation.')
  let change: unknown
  try {
    change = JSON.parse(text)
  } catch {
    throw new CommandError(`${path === '-' ? 'Standard input' : path} is not valid JSON.`)
  }
  if (!change || typeof change !== 'object' || Array.isArray(change)) {
    throw new CommandError(`A change is a JSON object with ${FIELDS.join(', ')}.`)
  }
  const unknown = Object.keys(change).find((name) => !FIELDS.includes(name))
  if (unknown) throw new CommandError(`A change has no "${unknown}", only ${FIELDS.join(', ')}.`)
  return change as Partial<PlcState>
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}
