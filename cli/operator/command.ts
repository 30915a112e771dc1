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
  /** Below that, as it is: a picture for the terminal, of nothing that anybody else has written. */
  picture?: string
}

/** Prints one or the other. */
export function printAnswer(json: boolean | undefined, { answer, text, picture = '' }: Printed) {
  process.stdout.write(json ? `${JSON.stringify(answer)}\n` : `${safe(text)}${picture}`)
}

/**
 * @param definition `args` without those that say which host it is; `json` has the fields of its answer, for `--help`
 */
export function operatorCommand<const A extends ArgsDef>(definition: {
  name: string
  description: string
  args: A
  json?: string
  about?: string
  rest?: boolean
  run(args: ParsedArgs<A & typeof shared>): Promise<Printed>
}): AnyCommand {
  const { args, run, json: fields, ...rest } = definition
  const description = fields ? `Print ${fields} instead` : shared.json.description
  return command({
    ...rest,
    args: { ...args, ...shared, json: { ...shared.json, description } },
    run: async (given) => {
      const { json } = given as { json?: boolean }
      printAnswer(json, await run(given as unknown as ParsedArgs<A & typeof shared>))
    },
  })
}

/** What people and other hosts have written, such as handles, stays in its line and sets no colours. */
export const safe = (text: string): string => escapeControls(text, '\n')
