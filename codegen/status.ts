/** Routes in words and numbers. */
import type { Route } from '../src/routing/decide.ts'
import { services } from '../src/routing/policy.ts'
import type { Method } from './methods.ts'

/** `local`, `refuse`, or `proxy → appview`. */
export const describeRoute = (route: Route): string =>
  route.to === 'proxy' ? `proxy → ${route.service}` : route.to

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
