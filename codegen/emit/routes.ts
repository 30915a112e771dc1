/** `routes.ts`: the table from NSID to kind, route and handler. */
import { tsBanner } from '../banner.ts'
import { GENERATED, HANDLERS, LEXICONS, lexiconPath, nsidToPath, POLICY } from '../layout.ts'
import type { Method } from '../methods.ts'
import type { PlannedFile } from '../write.ts'
import { commentLine, quote } from './quote.ts'

/** The routing table; handlers are imported when they are first called. */
export function emitRoutes(methods: readonly Method[]): PlannedFile {
  const code = `${tsBanner(`${LEXICONS}/, ${HANDLERS}/ and ${POLICY}`)}import type { Routes } from 'cumulus/tree'

/** Every method of every lexicon, by NSID. */
export const routes: Routes = {
${methods.map(entry).join('')}}
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
