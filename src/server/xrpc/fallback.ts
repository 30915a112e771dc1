import type { Services } from '../../context/services.ts'
import { decide } from '../../routing/decide.ts'
import { findSetting } from '../../routing/settings.ts'

/** Where a method that is not served here goes unless the caller says where; lexicons make no difference. */
export function fallbackOf(nsid: string, { config }: Pick<Services, 'config'>) {
  const setting = findSetting(nsid, config.proxyRoutes)
  if (setting) return setting.to
  const route = decide(nsid, false)
  if (route.to !== 'proxy') return 'refuse'
  // What nothing names is the AppView's on a host that has one.
  return route.rule || config[route.service] ? route.service : 'refuse'
}
