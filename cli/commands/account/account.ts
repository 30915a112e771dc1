/** `cumulus account`: the accounts of a running host, for its operator. */
import { group, type LoadCommand } from '../../terminal/command.ts'

const ownerHelp =
  (name: 'confirmAddress' | 'plcToken' | 'remove' | 'resetLink'): LoadCommand =>
  async () =>
    (await import('./owner-help.ts'))[name]

export default group('account', 'The accounts of a running host, for its operator', {
  create: () => import('./create.ts').then((module) => module.default),
  role: () => import('./role.ts').then((module) => module.default),
  quota: () => import('./quota.ts').then((module) => module.default),
  queue: () => import('./sign-ups.ts').then((module) => module.queue),
  approve: () => import('./sign-ups.ts').then((module) => module.approve),
  refuse: () => import('./sign-ups.ts').then((module) => module.refuse),
  handles: () => import('./handles.ts').then((module) => module.handles),
  reserve: () => import('./handles.ts').then((module) => module.reserve),
  free: () => import('./handles.ts').then((module) => module.free),
  default: () => import('./handles.ts').then((module) => module.unruled),
  'reset-link': ownerHelp('resetLink'),
  'confirm-address': ownerHelp('confirmAddress'),
  'plc-token': ownerHelp('plcToken'),
  delete: ownerHelp('remove'),
})
