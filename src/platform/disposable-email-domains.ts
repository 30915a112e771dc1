/** Stands in for `disposable-email-domains-js`, 3 MB of domains: this host writes to an address to find out. */
export const isDisposableEmail = (): boolean => false
