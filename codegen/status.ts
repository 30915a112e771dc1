/** Routes in words and numbers. */
import type { Route } from '../src/routing/decide.ts'
import { services } from '../src/routing/policy.ts'
import type { Method } from './methods.ts'

/** `local`, `refuse`, or `proxy → appview`. */
export const describeRoute = (route: Route): string =>
  route.to === 'proxy' ? `proxy → ${route.service}` : route.to

/** The same of a method, and whose handler it is where a project builds on the package. */
export function describeMethod({ route, handledBy, overrides }: Method, onBase: boolean): string {
  if (!onBase || handledBy === undefined) return describeRoute(route)
  if (handledBy === 'package') return 'local (built in)'
  return overrides ? 'local (in place of the built-in handler)' : 'local (this project)'
}

/** How many methods go where; every route is listed, in the order local, proxied, refused. */
export function totals(methods: readonly Method[]): Map<string, number> {
  const counts = new Map<string, number>([
    ['local', 0],
    ...services.map((service) => [`proxy → ${service}`, 0] as const),
    ['refuse', 0],
  ])
  for (const { route } of methods) {
    const key = describeRoute(route)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}
