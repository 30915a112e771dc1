/** `coverage.md`: the outcome of the routing policy for every method, for people and for reviews. */
import { banner } from '../banner.ts'
import { GENERATED, HANDLERS, LEXICONS, POLICY } from '../layout.ts'
import type { Method } from '../methods.ts'
import { describeRoute, totals } from '../status.ts'
import type { PlannedFile } from '../write.ts'

export function emitCoverage(methods: readonly Method[]): PlannedFile {
  const code = `<!-- ${banner(`${LEXICONS}/, ${HANDLERS}/ and ${POLICY}`)} -->

# Where each method goes

| Route | Methods |
|---|---:|
${[...totals(methods)].map(([route, count]) => `| ${route} | ${count} |\n`).join('')}| **all** | **${methods.length}** |

## By namespace

${namespaceTable(methods)}
## By method

| Method | Kind | Route | Rule |
|---|---|---|---|
${methods.map((method) => `| ${method.nsid} | ${method.def.type} | ${describeRoute(method.route)} | ${ruleOf(method)} |\n`).join('')}`
  return { path: `${GENERATED}/coverage.md`, code }
}

function namespaceTable(methods: readonly Method[]): string {
  const routes = [...totals(methods).keys()]
  const groups = new Map<string, Method[]>()
  for (const method of methods) {
    const namespace = `${method.nsid.split('.').slice(0, -1).join('.')}.*`
    groups.set(namespace, [...(groups.get(namespace) ?? []), method])
  }
  const row = (cells: (string | number)[]): string => `| ${cells.join(' | ')} |\n`
  return [
    row(['Namespace', ...routes]),
    row(['---', ...routes.map(() => '---:')]),
    ...[...groups].map(([namespace, group]) => {
      const counts = totals(group)
      return row([namespace, ...routes.map((route) => counts.get(route) || '')])
    }),
  ].join('')
}

/** What decided: the handler file, a line of the policy, or that no line matched, which is the AppView's. */
function ruleOf({ route }: Method): string {
  if (route.to === 'local') return 'handler'
  return route.rule ? `\`${route.rule.match}\`` : 'default'
}
