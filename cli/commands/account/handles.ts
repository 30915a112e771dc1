/** `cumulus account handles`, `reserve bakery`, `free guide`: names that nobody gets but from the operator. */
import type { ArgsDef } from 'citty'
import { askAsOperator, type OperatorArgs, operatorArgs } from '../../operator/operator.ts'
import { command } from '../../terminal/command.ts'

const listArgs = {
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {rules} instead' },
} as const satisfies ArgsDef

export const handles = command({
  name: 'handles',
  description: `Lists the names that the operator has reserved or freed.`,
  args: listArgs,
  run: (given) => list(given),
})

interface HandleRuling {
  name: string
  rule: string
}

/** All of them: the host answers a page at a time. */
async function list({ json, ...args }: OperatorArgs & { json: boolean }): Promise<void> {
  const rules: HandleRuling[] = []
  for (let page: HandleRuling[] = []; ; ) {
    const after = page.at(-1)?.name
    const answer = await askAsOperator(
      args,
      '/operator/handles',
      after === undefined ? {} : { after },
    )
    page = answer.rules as HandleRuling[]
    if (page.length === 0) break
    rules.push(...page)
  }
  if (json) {
    process.stdout.write(`${JSON.stringify({ rules })}\n`)
    return
  }
  for (const { name, rule } of rules) {
    process.stdout.write(`${rule.padEnd(9)} ${name}\n`)
  }
}

const ruling = (word: string, rule: 'reserved' | 'free' | null, description: string) => {
  const args = {
    name: { type: 'positional', required: true, description: 'What stands before the domain' },
    ...operatorArgs,
  } as const satisfies ArgsDef
  return command({
    name: word,
    description: `${description}`,
    args,
    run: async (given) => {
      const { name, ...how } = given
      await askAsOperator(how, '/operator/handles', { name, rule })
      process.stdout.write(`${name} is ${rule ?? 'as by default'}\n`)
    },
  })
}

export const reserve = ruling(
  'reserve',
  'reserved',
  'Reserves a name under the domains of this host: only the operator gives it out. Whoever has it keeps it.',
)
export const free = ruling('free', 'free', 'Frees a name that is reserved by default.')
export const unruled = ruling('default', null, 'Takes back `reserve` or `free`.')
