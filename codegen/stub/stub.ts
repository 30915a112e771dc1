/** The handler file and the test that `codegen new` starts a method with. Pure. */
import { docComment } from '../emit/doc-comment.ts'
import { quote } from '../emit/quote.ts'
import { handlerPath, nsidToPath } from '../layout.ts'
import type { Method } from '../methods.ts'
import type { PlannedFile } from '../write.ts'
import { describeProperties, describeType } from './describe.ts'

/** A handler that compiles and answers 501, and a test that holds until it is written. */
export function stubFiles(method: Pick<Method, 'nsid' | 'def'>): PlannedFile[] {
  const path = handlerPath(method.nsid)
  return [
    { path, code: handlerStub(method) },
    { path: path.replace(/\.ts$/, '.test.ts'), code: testStub(method) },
  ]
}

function handlerStub({ nsid, def }: Pick<Method, 'nsid' | 'def'>): string {
  const comment = docComment([
    `${def.description?.trim() || `The ${def.type} ${nsid}.`}`,
    ...facts(def).map((fact) => `${fact}.`),
  ])
  return `import { define } from ${quote(`#lex/${nsidToPath(nsid)}`)}
import { MethodNotImplementedError, mayCall, session } from 'cumulus'

${comment}export default define({
  auth: session,
  oauth: mayCall(${quote(nsid)}),
  handler() {
    throw new MethodNotImplementedError('Not written yet')
  },
})
`
}

function testStub({ nsid, def }: Pick<Method, 'nsid' | 'def'>): string {
  const name = nsid.split('.').at(-1) ?? nsid
  const behaviours = [
    def.type === 'subscription' ? 'sends what its lexicon says' : 'answers as its lexicon says',
    ...(def.errors ?? []).map((error) => `answers ${error.name} when ${error.name} is the case`),
  ]
  return `import { expect, test } from 'vitest'
import method from ${quote(`./${name}.ts`)}

// The handler is a stub: replace this test when you write it.
test(${quote(`${nsid} says that it is not written yet`)}, async () => {
  const call = async () => method.handler({} as never)
  await expect(call).rejects.toMatchObject({ error: 'MethodNotImplemented', statusCode: 501 })
})

${behaviours.map((behaviour) => `test.todo(${quote(`${nsid} ${behaviour}`)})\n`).join('')}`
}

/** What the lexicon says about parameters, bodies and errors, one sentence each. */
function facts(def: Method['def']): string[] {
  const parameters = describeProperties(def.parameters)
  const input = def.type === 'procedure' ? def.input : undefined
  const output = def.type === 'subscription' ? undefined : def.output
  const errors = (def.errors ?? []).map(({ name }) => name)
  const found: string[] = []
  if (parameters) found.push(`Parameters: ${parameters}`)
  if (input) found.push(`Takes ${describeBody(input)}`)
  if (def.type === 'subscription') {
    found.push(`Sends ${def.message ? describeType(def.message.schema) : 'nothing that is typed'}`)
  } else {
    found.push(`Returns ${output ? describeBody(output) : 'an empty answer'}`)
  }
  if (errors.length > 0) found.push(`Errors: ${errors.join(', ')}`)
  return found
}

const describeBody = ({ encoding, schema }: { encoding: string; schema?: unknown }): string =>
  schema === undefined ? `bytes (${encoding})` : `${encoding}: ${describeType(schema)}`
