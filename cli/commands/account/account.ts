/** `cumulus account`: the accounts of a running host, for its operator. */
import { group, type LoadCommand } from '../../terminal/command.ts'

const ownerHelp =
  (name: 'confirmAddress' | 'plcToken' | 'remove' | 'resetLink'): LoadCommand =>
  async () =>
    (await import('./owner-help.ts'))[name]

export default group('account', 'The accounts of a running host, for its operator', {
  create: () => import('./create.ts').then((module) => module.default),
  list: () => import('./list.ts').then((module) => module.default),
  show: () => import('./show.ts').then((module) => module.default),
  password: () => import('./password.ts').then((module) => module.default),
  activate: () => import('./state.ts').then((module) => module.activate),
  deactivate: () => import('./state.ts').then((module) => module.deactivate),
  takedown: () => import('./state.ts').then((module) => module.takedown),
  restore: () => import('./state.ts').then((module) => module.restore),
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
