/** Judges the shapes of handler files against the lexicons. Pure. */
import type { Diagnostic } from '../diagnostics.ts'
import { didYouMean } from '../did-you-mean.ts'
import { HANDLERS, handlerPath } from '../layout.ts'
import type { HandlerFile } from '../load.ts'
import { isMethod } from '../methods.ts'
import { Complaints } from './complaints.ts'
import type { HandlerShape } from './shape.ts'

/** Types of the main defs by NSID; undefined for a lexicon without one. */
export type MainTypes = ReadonlyMap<string, string | undefined>

/** Complaints about one handler file; `forApps` are the policies under which a handler has to say `oauth`. */
export function checkHandler(
  { path, nsid }: HandlerFile,
  read: HandlerShape | undefined,
  types: MainTypes,
  forApps: ReadonlySet<string> = new Set(),
): Diagnostic[] {
  const complaints = new Complaints(path)
  const { found } = complaints
  const complain = complaints.add.bind(complaints)
  const shape = complaints.readable(misplacement(path, nsid, types), read)
  if (!shape) return found

  const kind = types.get(nsid) ?? 'method'
  const definer = `\`define\` from '#lex/${nsid.replaceAll('.', '/')}'`
  for (const imported of shape.imports) {
    // A wrong definer is told about once, as the default export made with it.
    if (imported.name === 'define' && shape.export.is === 'definition') continue
    const message = foreignImport(imported.name, imported.nsid, nsid, types)
    if (message !== undefined) complain(message, imported)
  }
  switch (shape.export.is) {
    case 'missing':
      complain(`has no default export; it should be the result of ${definer}`)
      break
    case 'other':
      complain(
        `the default export is ${shape.export.what}; it should be the result of ${definer}`,
        shape.export,
      )
      break
    case 'definition': {
      const { missing, wrong, usesInput } = shape.export
      const foreign = foreignDefiner(shape.export.nsid, nsid, types)
      if (foreign !== undefined) complain(foreign, shape.export)
      for (const field of missing) complain(`${MISSING[field]}`, shape.export)
      for (const { field, what, ...place } of wrong) {
        complain(`\`${field}\` is ${what}; ${EXPECTED[field]}`, place)
      }
      const unsaid = shape.export.unsaid
      if (unsaid && forApps.has(unsaid.policy)) {
        const message = `\`${unsaid.policy}\` without \`oauth\` answers 403 to every app that signs in with OAuth: say what a token must allow, such as \`mayCall('${nsid}')\`, or 'never'`
        complain(message, unsaid, 'warning')
      }
      if (usesInput && kind !== 'procedure' && foreign === undefined) {
        complain(
          `the handler takes \`input\`, but ${nsid} is a ${kind}, and only a procedure has one`,
          usesInput,
        )
      }
    }
  }
  return found
}

const MISSING: Readonly<Record<string, string>> = {
  auth: "the definition has no `auth`: say who may call, with a policy from 'cumulus'",
  handler: 'the definition has no `handler` function',
}

const EXPECTED: Readonly<Record<string, string>> = {
  auth: "it should be a policy from 'cumulus'",
  handler: 'it should be a function',
}

function misplacement(path: string, nsid: string, types: MainTypes): string | undefined {
  if (!path.endsWith('.ts')) return `handler files end in .ts: ${handlerPath(nsid)}`
  if (!types.has(nsid)) {
    const methods = [...types].filter(([, type]) => isMethod({ type: type ?? '' }))
    const hint = didYouMean(
      nsid,
      methods.map(([name]) => name),
    )
    return `a handler for "${nsid}", but no lexicon defines it${hint || `; what is not a handler belongs outside ${HANDLERS}/`}`
  }
  const type = types.get(nsid)
  if (type === undefined) return `"${nsid}" is a lexicon of definitions, so it has no handler`
  if (isMethod({ type })) return undefined
  return `"${nsid}" is ${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}; only queries, procedures and subscriptions have handlers`
}

/** The definer of another method binds the handler to the wrong types. */
function foreignDefiner(used: string, nsid: string, types: MainTypes): string | undefined {
  if (used === nsid) return undefined
  const wanted = types.get(nsid)
  const type = types.get(used)
  if (type === undefined || !isMethod({ type })) return unknownModule(used, types)
  return type === wanted
    ? `this is written for the ${type} ${used}, but the path says ${nsid}`
    : `this is written for the ${type} ${used}, but the path says ${nsid}, which is a ${wanted}`
}

function foreignImport(
  name: string,
  used: string,
  nsid: string,
  types: MainTypes,
): string | undefined {
  if (used === nsid) return undefined
  if (!isMethod({ type: types.get(used) ?? '' })) return unknownModule(used, types)
  return name === 'errors'
    ? `these are the errors of ${used}; ${nsid} may answer only with its own`
    : undefined
}

function unknownModule(used: string, types: MainTypes): string {
  const methods = [...types].filter(([, type]) => isMethod({ type: type ?? '' }))
  const hint = didYouMean(
    used,
    methods.map(([name]) => name),
  )
  return `no method is called "${used}", so there is no '#lex/${used.replaceAll('.', '/')}'${hint}`
}
