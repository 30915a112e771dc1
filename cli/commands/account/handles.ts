/** `cumulus account handles`, `reserve bakery`, `free guide`: names that nobody gets but from the operator. */
import { operatorCommand } from '../../operator/command.ts'
import { askAsOperator } from '../../operator/operator.ts'

interface HandleRuling {
  name: string
  rule: string
}

export const handles = operatorCommand({
  name: 'handles',
  description: 'Lists the names that the operator has reserved or freed.',
  args: {},
  run: async (host) => {
    const rules: HandleRuling[] = []
    // The host answers a page at a time.
    for (let page: HandleRuling[] = []; ; ) {
      const after = page.at(-1)?.name
      const answer = await askAsOperator(host, '/operator/handles', { after })
      page = answer.rules as HandleRuling[]
      if (page.length === 0) break
      rules.push(...page)
    }
    const text = rules.map(({ name, rule }) => `${rule.padEnd(9)} ${name}\n`).join('')
    return { answer: { rules }, text }
  },
})

const ruling = (word: string, rule: 'reserved' | 'free' | null, description: string) =>
  operatorCommand({
    name: word,
    description,
    args: {
      name: { type: 'positional', required: true, description: 'What stands before the domain' },
    },
    run: async ({ name, ...host }) => {
      const answer = await askAsOperator(host, '/operator/handles', { name, rule })
      return { answer, text: `${name} is ${rule ?? 'as by default'}\n` }
    },
  })

export const reserve = ruling(
  'reserve',
  'reserved',
  'Reserves a name under the domains of this host: only the operator gives it out. Whoever has it keeps it.',
)
export const free = ruling('free', 'free', 'Frees a name that is reserved by default.')
export const unruled = ruling('default', null, 'Takes back `reserve` or `free`.')
