/** Where the pages are. */
export const DOCS = '/docs'
export const DOCS_SCRIPT = `${DOCS}/docs.js`
export const pagePath = (nsid: string): string => `${DOCS}/${encodeURIComponent(nsid)}`
/** The element of a definition on the page of its lexicon. */
export const anchorOf = (name: string): string => `def-${name}`
