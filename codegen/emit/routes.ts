/** `routes.ts`: the table from NSID to kind, route and handler. */
import { tsBanner } from '../banner.ts'
import { GENERATED, HANDLERS, LEXICONS, lexiconPath, nsidToPath, POLICY } from '../layout.ts'
import { isOurs, type Method } from '../methods.ts'
import type { PlannedFile } from '../write.ts'
import { commentLine, quote } from './quote.ts'

/** The routing table; handlers are imported when they are first called. `onBase`: what differs from the package's. */
export function emitRoutes(methods: readonly Method[], onBase = false): PlannedFile {
  const own = methods.filter(isOurs)
  const code = `${tsBanner(`${LEXICONS}/, ${HANDLERS}/ and ${POLICY}`)}${onBase ? "import { tree as base } from 'cumulus/generated'\n" : ''}import type { Routes } from 'cumulus/tree'

/** Every method of every lexicon, by NSID. */
export const routes: Routes = {
${onBase ? '  ...base.routes,\n' : ''}${own.map(entry).join('')}}
`
  return { path: `${GENERATED}/routes.ts`, code }
}

function entry({ nsid, def, route }: Method): string {
  const comment = `  // ${commentLine(lexiconPath(nsid))}\n`
  const name = quote(nsid)
  const kind = `kind: ${quote(def.type)}, to: ${quote(route.to)}`
  switch (route.to) {
    case 'local':
      return `${comment}  ${name}: {
    kind: ${quote(def.type)},
    to: 'local',
    load: () => import(${quote(`../handlers/${nsidToPath(nsid)}.ts`)}),
  },
`
    case 'proxy':
      return `${comment}  ${name}: { ${kind}, service: ${quote(route.service)} },\n`
    case 'refuse':
      return `${comment}  ${name}: { ${kind} },\n`
  }
}
