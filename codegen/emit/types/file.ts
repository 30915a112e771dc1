/**
 * `types/<nsid path>.ts`: the types of one lexicon. They are those that lex-cli makes, which the tests hold them against,
 * and are made without it: it needs seconds for what is milliseconds, and fails on names that mean something to
 * TypeScript.
 */
import { posix } from 'node:path'
import type { LexiconDoc } from '@atproto/lexicon'
import { tsBanner } from '../../banner.ts'
import { GENERATED, lexiconPath, nsidToPath } from '../../layout.ts'
import { isMethod } from '../../methods.ts'
import type { PlannedFile } from '../../write.ts'
import { quote } from '../quote.ts'
import {
  alias,
  guards,
  interfaceOf,
  properties,
  recordNames,
  type Statement,
  token,
  visible,
} from './declarations.ts'
import { expressionOf, type Scope } from './expressions.ts'
import { listed } from './lines.ts'
import { isStreaming, methodStatements } from './method.ts'
import { type Names, namesIn, symbolOf } from './names.ts'

/** What validates, and what all types share (`src/kernel/lexicons.ts`). */
const RUNTIME = 'cumulus/lexicons'

export const typesPath = (nsid: string): string => `${GENERATED}/types/${nsidToPath(nsid)}.ts`

/**
 * The types of `doc`; `typeOf` knows the type of each definition of all lexicons by its full name, `ofBase` has the NSIDs
 * whose types are the package's.
 */
export function emitTypes(
  doc: LexiconDoc,
  typeOf: Scope['typeOf'],
  ofBase: ReadonlySet<string> = new Set(),
): PlannedFile {
  const names = namesIn(doc)
  const scope: Scope = { doc, names, typeOf }
  const statements = Object.entries(doc.defs).flatMap(([name, def]) =>
    statementsOf(name, def, scope),
  )
  const body = statements.map(({ text, kind }, index) => {
    const isClose = kind !== 'block' && statements[index - 1]?.kind === kind
    return `${isClose ? '' : '\n'}${text}\n`
  })
  const head = `${imports(doc, names, ofBase).join('\n')}

const is$typed = _is$typed,
  validate = _validate
const id = ${quote(doc.id)}
`
  return {
    path: typesPath(doc.id),
    code: visible(`${tsBanner(lexiconPath(doc.id))}${head}${body.join('')}`),
  }
}

function statementsOf(name: string, def: LexiconDoc['defs'][string], scope: Scope): Statement[] {
  const origin = `${scope.doc.id}#${name}`
  const symbol = symbolOf(name, def)
  const { parameter, own } = scope.names
  if (isMethod(def)) return methodStatements(def, scope)
  switch (def.type) {
    case 'permission-set':
      return []
    case 'record': {
      const lines = [`  $type: ${quote(scope.doc.id)}`, ...properties(def.record, scope)]
      return [
        interfaceOf(symbol, [...lines, '  [k: string]: unknown'], origin, def.record.description),
        ...guards(symbol, name, true, origin, parameter),
        // A definition of this name has the better right to it; the record is `Main` all the same.
        ...(own.has('Record') ? [] : [recordNames(scope.doc.id)]),
      ]
    }
    case 'object': {
      const type = name === 'main' ? scope.doc.id : origin
      const lines = [`  $type?: ${quote(type)}`, ...properties(def, scope)]
      return [
        interfaceOf(symbol, lines, origin, def.description),
        ...guards(symbol, name, false, origin, parameter),
      ]
    }
    case 'token':
      return [token(symbol, name, origin, def.description)]
    default: {
      const isOfReferences =
        def.type === 'array' && (def.items.type === 'ref' || def.items.type === 'union')
      const text = isOfReferences ? undefined : def.description
      return [alias(symbol, expressionOf(def, scope), origin, text)]
    }
  }
}

function imports(doc: LexiconDoc, names: Names, ofBase: ReadonlySet<string>): string[] {
  const { main } = doc.defs
  const named = (name: string): string => {
    const here = names.imported(name)
    return here === name ? name : `${name} as ${here}`
  }
  const from = (module: string, ...list: string[]): string =>
    listed('import', list, ` from ${quote(module)}`)
  return [
    ...(main && isMethod(main) && isStreaming(main) ? ["import stream from 'node:stream'"] : []),
    from('@atproto/lexicon', `type ${named('ValidationResult')}`, named('BlobRef')),
    from('multiformats/cid', named('CID')),
    from(RUNTIME, 'validate as _validate'),
    from(RUNTIME, 'type $Typed', 'is$typed as _is$typed', `type ${named('OmitKey')}`),
    ...(main?.type === 'subscription'
      ? [
          from('@atproto/xrpc-server', named('ErrorFrame')),
          from('node:http', named('IncomingMessage')),
        ]
      : []),
    ...[...names.modules].map(
      ([nsid, name]) =>
        `import type * as ${name} from ${quote(ofBase.has(nsid) ? `cumulus/types/${nsidToPath(nsid)}` : relative(doc.id, nsid))}`,
    ),
  ]
}

/** The way from the types of one lexicon to those of another. */
function relative(from: string, to: string): string {
  const path = posix.relative(posix.dirname(`/${nsidToPath(from)}`), `/${nsidToPath(to)}.ts`)
  return path.startsWith('.') ? path : `./${path}`
}
