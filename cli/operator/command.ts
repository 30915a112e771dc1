/** Commands that ask a running host for one thing and print what it answers. */
import type { ArgsDef, ParsedArgs } from 'citty'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { type AnyCommand, command } from '../terminal/command.ts'
import { operatorArgs } from './operator.ts'

export const accountArg = {
  type: 'positional',
  required: true,
  description: 'Handle, DID or e-mail address',
} as const

const shared = {
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print the answer as JSON' },
} as const

export interface Printed {
  /** With `--json`. */
  answer: unknown
  /** Otherwise, with a line break at its end. */
  text: string
}

/** @param definition `args` without those that say which host it is */
export function operatorCommand<const A extends ArgsDef>(definition: {
  name: string
  description: string
  args: A
  about?: string
  rest?: boolean
  run(args: ParsedArgs<A & typeof shared>): Promise<Printed>
}): AnyCommand {
  const { args, run, ...rest } = definition
  return command({
    ...rest,
    args: { ...args, ...shared },
    run: async (given) => {
      const { answer, text } = await run(given as ParsedArgs<A & typeof shared>)
      const { json } = given as { json?: boolean }
      process.stdout.write(json ? `${JSON.stringify(answer)}\n` : safe(text))
    },
  })
}

/** What people and other hosts have written, such as handles, stays in its line and sets no colours. */
export const safe = (text: string): string => escapeControls(text, '\n')
