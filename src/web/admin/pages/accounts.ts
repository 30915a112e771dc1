/** The pages of the accounts: all of them, and each one. */
import { accountActions } from '../accounts/actions.ts'
import { accountList } from '../accounts/list.ts'
import { accountView } from '../accounts/view.ts'
import type { ConsolePage } from '../page.ts'

export const accounts: ConsolePage = {
  path: 'accounts',
  title: 'Accounts',
  views: { '': accountList, '/:did': accountView },
  actions: accountActions,
}
