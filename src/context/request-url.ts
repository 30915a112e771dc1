/** What is looked at of the URL of each request; it is parsed once. */
export type RequestUrl = Readonly<Pick<URL, 'hostname' | 'pathname' | 'search'>>

/** @returns undefined: it is none */
export const readUrl = (text: string): RequestUrl | undefined => URL.parse(text) ?? undefined
