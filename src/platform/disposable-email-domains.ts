/**
 * Stands in for `disposable-email-domains-js` where the OAuth provider asks it: settings say whether such addresses are
 * refused and which are not (`src/services/accounts/disposable-email.ts`, with the list of that package).
 */
export const isDisposableEmail = (): boolean => false
