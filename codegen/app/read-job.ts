/** Reads job files with ts-morph: syntax only, as handlers are read. */
import type { Place, PlacedMessage } from '../handlers/shape.ts'
import { parseSource, placeOf, unwrap } from '../handlers/source.ts'
import { Node } from '../ts-morph.ts'

/** What is kept of a job file after reading. Plain data. */
export interface JobShape {
  syntaxError?: PlacedMessage
  /** When it runs, where that is written out; the host looks at others when it starts. */
  schedule?: Place & { kind: 'every' | 'cron'; text: string }
}

/** The shape of a job file's text. */
export function readJob(path: string, text: string): JobShape {
  const { file, syntaxError } = parseSource(path, text)
  if (syntaxError) return { syntaxError }
  const exported = file.getExportAssignment((node) => !node.isExportEquals())?.getExpression()
  const call = exported && unwrap(exported)
  const argument = Node.isCallExpression(call) ? call.getArguments()[0] : undefined
  const object = argument && unwrap(argument)
  if (!Node.isObjectLiteralExpression(object)) return {}
  for (const kind of ['every', 'cron'] as const) {
    const property = object.getProperty(kind)
    if (!Node.isPropertyAssignment(property)) continue
    const value = unwrap(property.getInitializerOrThrow())
    if (!Node.isStringLiteral(value) && !Node.isNoSubstitutionTemplateLiteral(value)) continue
    return { schedule: { kind, text: value.getLiteralText(), ...placeOf(property) } }
  }
  return {}
}
