import { type ArgsDef, defineCommand } from 'citty'
import { describeCollection } from '../collections/collection.ts'
import { hasErrors } from '../diagnostics.ts'
import { EXIT } from '../errors.ts'
import { loadChecked } from '../generate.ts'
import { printDiagnostics, printJson } from '../report.ts'
import { describeRoute, totals } from '../status.ts'
import { jsonOption, refuseUnknown, rootOption } from './options.ts'

const args = { ...jsonOption, ...rootOption } as const satisfies ArgsDef

export default defineCommand({
  meta: {
    name: 'status',
    description:
      'Show where each method goes: local, proxied or refused, unless PDS_PROXY_ROUTES of a host says otherwise',
  },
  args,
  async run({ args: { root, json, ...rest } }) {
    refuseUnknown(rest, args)
    const { methods, collections, diagnostics } = await loadChecked(root)
    if (json) {
      printJson({
        totals: Object.fromEntries(totals(methods)),
        collections: collections.map(({ nsid, indexes, search, hooks }) => ({
          nsid,
          index: Object.fromEntries(indexes.map(({ name, places }) => [name, places])),
          search,
          hooks,
        })),
        methods: methods.map(({ nsid, def, route }) => ({
          nsid,
          kind: def.type,
          to: route.to,
          ...(route.to === 'proxy' && { service: route.service }),
          ...(route.to !== 'local' && { rule: route.rule?.match ?? null }),
        })),
      })
    } else if (methods.length > 0) {
      const width = Math.max(...methods.map(({ nsid }) => nsid.length))
      for (const { nsid, def, route } of methods) {
        console.log(`${nsid.padEnd(width)}  ${def.type.padEnd(12)}  ${describeRoute(route)}`)
      }
      const sums = [...totals(methods)].map(([route, number]) => `${number} ${route}`)
      console.log(`${methods.length} methods: ${sums.join(', ')}`)
    }
    if (!json && collections.length > 0) {
      const width = Math.max(...collections.map(({ nsid }) => nsid.length))
      for (const collection of collections) {
        console.log(
          `${collection.nsid.padEnd(width)}  record        ${describeCollection(collection)}`,
        )
      }
    }
    printDiagnostics(diagnostics)
    if (hasErrors(diagnostics)) process.exitCode = EXIT.found
  },
})
