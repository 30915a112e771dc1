import { NONE } from './settings.ts'

/** A service that requests are forwarded to. */
export interface ServiceTarget {
  did: string
  /** The service's entry in the DID document, without `#`. */
  id: string
  url: string
}

export const target = (
  url: string | undefined,
  did: string | undefined,
  id: string,
): ServiceTarget | undefined =>
  url && did && url !== NONE && did !== NONE ? { did, id, url } : undefined

export const labeler = (url: string | undefined, did: string | undefined) =>
  target(url, did, 'atproto_labeler')
