/** `cumulus identity`: who accounts are to the network, and who may change it. */
import { group } from '../../terminal/command.ts'

export default group('identity', 'Who accounts are to the network, and who may change it', {
  show: () => import('./show.ts').then((module) => module.default),
  log: () => import('./log.ts').then((module) => module.default),
  handle: () => import('./handle.ts').then((module) => module.default),
  'recovery-key': () => import('./recovery-key.ts').then((module) => module.default),
  sign: () => import('./sign.ts').then((module) => module.default),
})
