import { CACHE } from './xrpc/answer.ts'

/** A CAR file as an answer. @param etag its entity tag, where it has one */
export const carResponse = (car: BodyInit, etag?: string): Response =>
  new Response(car, {
    headers: {
      'content-type': 'application/vnd.ipld.car',
      // Blocks never change, but whether they are to be had does.
      'cache-control': CACHE,
      ...(etag !== undefined && { etag }),
    },
  })
