/** `npm run account -- handles`, `reserve bakery`, `free guide`: names that nobody gets but from the operator. */
import { type ArgsDef, defineCommand } from 'citty'
import { refuseUnknown } from '../codegen/commands/options.ts'
import { askAsOperator, type OperatorArgs, operatorArgs, PASSWORD_SOURCES } from './operator.ts'
import { reportErrors } from './report-errors.ts'

const listArgs = {
  ...operatorArgs,
  json: { type: 'boolean', default: false, description: 'Print {rules} instead' },
} as const satisfies ArgsDef

export const handles = defineCommand({
  meta: {
    name: 'npm run account -- handles',
    description: `Lists the names that the operator has reserved or freed. ${PASSWORD_SOURCES}`,
  },
  args: listArgs,
  run: ({ args: given }) =>
    reportErrors(() => {
      refuseUnknown(given, listArgs)
      return list(given)
    }),
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
  return defineCommand({
    meta: {
      name: `npm run account -- ${word}`,
      description: `${description} ${PASSWORD_SOURCES}`,
    },
    args,
    run: ({ args: given }) =>
      reportErrors(async () => {
        refuseUnknown(given, args)
        const { name, ...how } = given
        await askAsOperator(how, '/operator/handles', { name, rule })
        process.stdout.write(`${name} is ${rule ?? 'as by default'}\n`)
      }),
  })
}

export const reserve = ruling(
  'reserve',
  'reserved',
  'Reserves a name under the domains of this host: only the operator gives it out. Whoever has it keeps it.',
)
export const free = ruling('free', 'free', 'Frees a name that is reserved by default.')
export const unruled = ruling('default', null, 'Takes back `reserve` or `free`.')
