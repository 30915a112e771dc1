import { type ArgsDef, defineCommand } from 'citty'
import { describeCollection } from '../collections/collection.ts'
import { hasErrors } from '../diagnostics.ts'
import { EXIT } from '../errors.ts'
import { loadChecked } from '../generate.ts'
import { isOurs } from '../methods.ts'
import { printDiagnostics, printJson } from '../report.ts'
import { describeMethod, totals } from '../status.ts'
import { jsonOption, refuseUnknown, rootOption } from './options.ts'

const args = {
  all: {
    type: 'boolean',
    description: 'Also what is as in the package, in a project that builds on it',
  },
  ...jsonOption,
  ...rootOption,
} as const satisfies ArgsDef

export default defineCommand({
  meta: {
    name: 'status',
    description:
      'Show where each method goes: local, proxied or refused, unless PDS_PROXY_ROUTES of a host says otherwise',
  },
  args,
  async run({ args: { root, json, all, ...rest } }) {
    refuseUnknown(rest, args)
    const { project, methods, collections, diagnostics } = await loadChecked(root)
    const onBase = project.base !== undefined
    if (json) {
      printJson({
        totals: Object.fromEntries(totals(methods)),
        collections: collections.map(({ nsid, indexes, search, hooks }) => ({
          nsid,
          index: Object.fromEntries(indexes.map(({ name, places }) => [name, places])),
          search,
          hooks,
        })),
        methods: methods.map(({ nsid, def, route, handledBy, overrides }) => ({
          nsid,
          kind: def.type,
          to: route.to,
          ...(onBase && { handledBy, overrides }),
          ...(route.to === 'proxy' && { service: route.service }),
          ...(route.to !== 'local' && { rule: route.rule?.match ?? null }),
        })),
      })
    } else if (methods.length > 0) {
      const shown = all ? methods : methods.filter(isOurs)
      const width = Math.max(...shown.map(({ nsid }) => nsid.length))
      for (const method of shown) {
        const { nsid, def } = method
        const route = describeMethod(method, onBase)
        console.log(`${nsid.padEnd(width)}  ${def.type.padEnd(12)}  ${route}`)
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
