/** `cumulus lexicons`: lexicons of others, and one's own for others. */
import { group } from '../../terminal/command.ts'

export default group('lexicons', 'Lexicons of others, and your own for others', {
  pull: () => import('./pull.ts').then((module) => module.default),
  publish: () => import('./publish.ts').then((module) => module.default),
})
