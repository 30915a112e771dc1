/** `index.ts` of a client: `createClient`, with every method and collection at the place that its NSID says. */
import type { LexUserType } from '@atproto/lexicon'
import { tsBanner } from '../banner.ts'
import { docComment } from '../emit/doc-comment.ts'
import { quote } from '../emit/quote.ts'
import { LEXICONS } from '../layout.ts'
import type { Lexicon } from '../load.ts'

/** What a main def becomes: the name of a function in `runtime/`. Others have nothing to call. */
const CALLS: Readonly<Record<string, string | undefined>> = {
  query: 'query',
  procedure: 'procedure',
  record: 'collection',
  subscription: 'subscription',
}

/** A place in the tree of names: what is called there, and what is below. */
interface Place {
  lexicon?: Lexicon
  below: Map<string, Place>
}

/** @param lexicons those that the client has methods for, sorted by NSID */
export function emitIndex(
  lexicons: readonly Lexicon[],
  namespaces: readonly string[],
  extension: string,
): string {
  const called = lexicons.filter(({ doc }) => callOf(doc.defs.main) !== undefined)
  const root = placesOf(called)
  const streams = called.some(({ doc }) => doc.defs.main?.type === 'subscription')
  const calls = new Set(called.flatMap(({ doc }) => callOf(doc.defs.main) ?? []))
  calls.delete('subscription')
  const tops = [...new Set(lexicons.map(({ nsid }) => topOf(nsid)))]
  const imported = ['type ConnectionOptions', 'connect', 'common', ...calls].sort(byName)
  return `${tsBanner(`${LEXICONS}/`)}import type { Agent, AgentOptions } from '@atproto/lex'
${tops.map((top) => `import * as ${bindingOf(top)} from ${quote(`./lexicons/${top}${extension}`)}\n`).join('')}import { ${imported.join(', ')} } from ${quote(`./client${extension}`)}
${streams ? `import { subscription } from ${quote(`./subscription${extension}`)}\n` : ''}
export * from ${quote(`./client${extension}`)}
${streams ? `export * from ${quote(`./subscription${extension}`)}\n` : ''}/** The lexicons: \`schema.$build(…)\`, \`schema.$safeParse(…)\`, and the types. */
export { ${tops.map(exportOf).join(', ')} }

export type AppClient = ReturnType<typeof createClient>

${docComment([
  `The methods and collections of ${namespaces.map((name) => `${name}.*`).join(', ')} on one host.`,
  '@param agent an OAuth session, a password session, or the address of a host, for what anybody may call',
])}export function createClient(agent: Agent | AgentOptions, options?: ConnectionOptions) {
  const connection = connect(agent, options)
  return Object.assign(common(connection), {
${[...root.below].map(([name, place]) => entry(name, place, [name], '    ')).join('')}  })
}
`
}

const callOf = (def: LexUserType | undefined): string | undefined => def && CALLS[def.type]

function placesOf(lexicons: readonly Lexicon[]): Place {
  const root: Place = { below: new Map() }
  for (const lexicon of lexicons) {
    let place = root
    for (const name of lexicon.nsid.split('.')) {
      const next = place.below.get(name) ?? { below: new Map() }
      place.below.set(name, next)
      place = next
    }
    place.lexicon = lexicon
  }
  return root
}

/** What is called and has names below it is called as `$main`: no name has a `$`. */
function entry(name: string, { lexicon, below }: Place, path: string[], indent: string): string {
  const key = keyOf(name)
  if (lexicon && below.size === 0) return call(key, lexicon, path, indent)
  const inner = `${indent}  `
  return `${indent}${key}: {
${lexicon ? call('$main', lexicon, path, inner) : ''}${[...below].map(([child, place]) => entry(child, place, [...path, child], inner)).join('')}${indent}},
`
}

function call(key: string, { doc }: Lexicon, path: string[], indent: string): string {
  const { main } = doc.defs
  const text = main?.description ?? `\`${doc.id}\``
  const errors = main && 'errors' in main ? (main.errors ?? []) : []
  const comment = docComment([
    text,
    ...errors.map(({ name, description }) =>
      `@throws \`${name}\` ${description ?? ''}`.trim().replace(/\s+/g, ' '),
    ),
  ])
  const indented = comment.replace(/^(?=.)/gm, indent)
  const [top = '', ...rest] = path
  const names = rest.map((name) => (IDENTIFIER.test(name) ? `.${name}` : `[${quote(name)}]`))
  return `${indented}${indent}${key}: ${callOf(main)}(connection, ${bindingOf(top)}${names.join('')}.$defs.main),\n`
}

const IDENTIFIER = /^[A-Za-z][A-Za-z0-9]*$/
const keyOf = (name: string): string => (IDENTIFIER.test(name) ? name : quote(name))

const topOf = (nsid: string): string => nsid.slice(0, nsid.indexOf('.'))

/** With something behind it, since `in` and `do` are words of the language. */
const bindingOf = (top: string): string => `${top.replace(/[^a-z0-9]/g, '_')}_`
const exportOf = (top: string): string => `${bindingOf(top)} as ${keyOf(top)}`

const byName = (a: string, b: string): number => {
  const [one, other] = [a, b].map((name) => name.replace('type ', ''))
  return (one ?? '') < (other ?? '') ? -1 : 1
}
