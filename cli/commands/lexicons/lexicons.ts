/** `cumulus lexicons`: lexicons of others, and one's own for others. */
import { group } from '../../terminal/command.ts'

export default group('lexicons', 'Lexicons of others, and your own for others', {
  check: () => import('./check.ts').then((module) => module.default),
  pull: () => import('./pull.ts').then((module) => module.default),
  repair: () => import('./repair.ts').then((module) => module.default),
  publish: () => import('./publish.ts').then((module) => module.default),
})
