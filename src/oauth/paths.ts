/** What of the host's addresses belongs to the OAuth server and its pages. */

/** Where the files of the pages are. */
export const ASSETS = '/@atproto/oauth-provider/~assets/'

/** Apps ask these from scripts of other origins. */
const DOCUMENTS = ['/.well-known/oauth-authorization-server']
const TREES = ['/oauth', '/account', '/@atproto/oauth-provider']

export const isOAuthPath = (path: string): boolean =>
  DOCUMENTS.includes(path) ||
  path === '/.well-known/change-password' ||
  TREES.some((tree) => path === tree || path.startsWith(`${tree}/`))
