/** `cumulus identity log alice.test`: the history of a did:plc in words. */
import { escapeControls } from '../../../codegen/escape-controls.ts'
import { accountArg, operatorCommand } from '../../operator/command.ts'
import { askAsOperator } from '../../operator/operator.ts'

interface Step {
  at: string
  said: string[]
  isUndone: boolean
}

export default operatorCommand({
  name: 'log',
  description:
    'Tells the history of an account’s did:plc, as the directory has it, the oldest first.',
  args: { account: accountArg },
  run: async ({ account, ...host }) => {
    const answer = await askAsOperator(host, '/operator/identity/log', { account })
    const lines = (answer.steps as Step[]).map(({ at, said, isUndone }) => {
      const undone = isUndone ? ' (undone by a stronger key)' : ''
      return `${at.slice(0, 19).replace('T', ' ')}  ${escapeControls(said.join(' '))}${undone}\n`
    })
    return { answer, text: lines.join('') }
  },
})
