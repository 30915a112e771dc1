/** `cumulus mail`: how mails leave this host. */
import { group } from '../../terminal/command.ts'

export default group('mail', 'How mails leave this host', {
  test: () => import('./test.ts').then((module) => module.default),
})
