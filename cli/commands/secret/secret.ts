/** `cumulus secret`: the secrets of a host. */
import { group } from '../../terminal/command.ts'

export default group('secret', 'New secrets in the place of others, for the operator', {
  rotate: () => import('./rotate.ts').then((module) => module.default),
  status: () => import('./status.ts').then((module) => module.default),
})
