/** Questions on a terminal. Each can be answered by an option instead; where nobody can be asked, it has to be. */
import * as clack from '@clack/prompts'
import type { ArgsDef } from 'citty'
import { InterruptedError, UsageError } from './errors.ts'

/** Options of commands that ask. */
export const promptArgs = {
  yes: {
    type: 'boolean',
    alias: 'y',
    default: false,
    description: 'Take the defaults and ask nothing',
  },
} as const satisfies ArgsDef

export interface Question {
  message: string
  /** Lines above the question that help to answer it. */
  about?: readonly string[]
  /** The option that answers it, such as `--hostname`. */
  flag: string
  /** The answer that was given on the command line. */
  given: string | undefined
  /** What is taken by `--yes`, and offered otherwise. */
  otherwise?: string
  /** Whether answers may hold a password: then none is repeated. */
  isSecret?: boolean
  /** What is wrong with an answer; undefined: nothing. */
  validate?(answer: string): string | undefined
}

/** Asks on stderr, so that stdout stays what a script reads. */
export class Prompts {
  readonly #yes: boolean
  readonly #canAsk: boolean

  /** @param yes takes the defaults and asks nothing */
  constructor({ yes }: { yes: boolean }) {
    this.#yes = yes
    this.#canAsk = Boolean(process.stdin.isTTY && process.stderr.isTTY)
  }

  /** Whether somebody is there who can be asked. */
  get canAsk(): boolean {
    return this.#canAsk && !this.#yes
  }

  /** Says something between two questions. */
  note(text: string): void {
    if (this.canAsk) clack.log.message(text, { output: process.stderr })
    else process.stderr.write(`${text}\n`)
  }

  /** @throws UsageError, InterruptedError */
  async text(question: Question): Promise<string> {
    const settled = this.#settled(question)
    if (settled !== undefined) return settled
    const { message, otherwise = '', validate } = question
    explain(question)
    const check = (answer: string | undefined) => validate?.((answer || otherwise).trim())
    const options = { message, validate: check, output: process.stderr }
    const answer = await clack.text({
      ...options,
      ...(otherwise && { placeholder: otherwise, defaultValue: otherwise }),
    })
    return answered(answer).trim()
  }

  /** What is typed is not shown. @throws UsageError, InterruptedError */
  async password(question: Question): Promise<string> {
    const settled = this.#settled(question)
    if (settled !== undefined) return settled
    const { message, validate } = question
    explain(question)
    const check = (answer: string | undefined) => validate?.(answer ?? '')
    return answered(await clack.password({ message, validate: check, output: process.stderr }))
  }

  /** @throws UsageError, InterruptedError */
  async select<T extends string>(
    question: Omit<Question, 'validate'> & {
      options: readonly { value: T; label: string; hint?: string }[]
    },
  ): Promise<T> {
    const { message, options, otherwise } = question
    const values = options.map(({ value }) => value)
    const known = (text: string): T | undefined => values.find((value) => value === text)
    const validate = (text: string) => (known(text) ? undefined : `one of ${values.join(', ')}`)
    const settled = this.#settled({ ...question, validate })
    if (settled !== undefined) return known(settled) as T
    explain(question)
    const initialValue = known(otherwise ?? '') ?? values[0]
    const answer = await clack.select<string>({
      message,
      options: options.map(({ value, label, hint }) => ({ value, label, ...(hint && { hint }) })),
      ...(initialValue && { initialValue }),
      output: process.stderr,
    })
    return answered(answer) as T
  }

  /** `--yes` and an option say yes. @throws UsageError where nobody can be asked; InterruptedError */
  async confirm(message: string, flag: string, given?: boolean): Promise<boolean> {
    if (given !== undefined) return given
    if (this.#yes) return true
    if (!this.#canAsk) throw new UsageError(`${message} Answer with ${flag}, or --yes`)
    return answered(await clack.confirm({ message, output: process.stderr }))
  }

  /** An answer for which nobody is asked. @throws UsageError */
  #settled({ flag, given, otherwise, isSecret, validate }: Question): string | undefined {
    if (given !== undefined) {
      const wrong = validate?.(given)
      if (wrong) throw new UsageError(`${flag}${isSecret ? '' : ` ${given}`}: ${wrong}`)
      return given
    }
    if (this.#yes && otherwise !== undefined) {
      // A default may come from a file that somebody has written.
      const wrong = validate?.(otherwise)
      if (wrong)
        throw new UsageError(
          `${flag}: what is set now ${isSecret ? '' : `(${otherwise}) `}is ${wrong}`,
        )
      return otherwise
    }
    if (!this.canAsk) throw new UsageError(`${flag} is missing`)
    return undefined
  }
}

function explain({ about = [] }: Pick<Question, 'about'>): void {
  if (about.length > 0) clack.log.message([...about], { output: process.stderr })
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (clack.isCancel(answer)) throw new InterruptedError()
  return answer as Exclude<T, symbol>
}
