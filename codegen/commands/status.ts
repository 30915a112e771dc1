import { type ArgsDef, defineCommand } from 'citty'
import type { CheckedApp } from '../app/check.ts'
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

const namesOf = ({ tables: { account, host } }: CheckedApp) => ({
  account: account.map(({ name }) => name),
  host: host.map(({ name }) => name),
})

export default defineCommand({
  meta: {
    name: 'status',
    description:
      'Show where each method goes: local, proxied or refused, unless PDS_PROXY_ROUTES of a host says otherwise',
  },
  args,
  async run({ args: { root, json, all, ...rest } }) {
    refuseUnknown(rest, args)
    const { project, methods, collections, app, jobs, diagnostics } = await loadChecked(root)
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
        tables: namesOf(app),
        jobs: jobs.names,
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
    if (!json) {
      const { account, host } = namesOf(app)
      if (account.length > 0) console.log(`tables of each account: ${account.join(', ')}`)
      if (host.length > 0) console.log(`tables of the host: ${host.join(', ')}`)
      if (jobs.names.length > 0) console.log(`jobs: ${jobs.names.join(', ')}`)
    }
    printDiagnostics(diagnostics)
    if (hasErrors(diagnostics)) process.exitCode = EXIT.found
  },
})
