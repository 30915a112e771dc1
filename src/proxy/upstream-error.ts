/** What a client is told when another service refuses, fails or cannot be reached. */
import { UpstreamFailureError, UpstreamTimeoutError, XRPCError } from '@atproto/xrpc-server'
import { decompress } from './decompress.ts'
import { responseHeaders } from './headers.ts'

/** An error answer that is larger, in bytes after decompression, is not read. */
const MAX_ERROR = 64 * 1024

export const unreachable = (cause?: unknown): XRPCError =>
  new UpstreamFailureError('Upstream service unreachable', 'UpstreamFailure', { cause })

export const timedOut = (cause?: unknown): XRPCError =>
  new UpstreamTimeoutError('Upstream service did not answer in time', 'UpstreamTimeout', { cause })

export const unusable = (message: string, cause?: unknown): XRPCError =>
  new UpstreamFailureError(message, 'UpstreamFailure', { cause })

/**
 * The error of another service in the words of the XRPC envelope, so that nothing else of it, such as a page
 * of HTML, reaches a client as if it came from here. Its 500 is a 502 here.
 */
export async function errorAnswer(response: Response): Promise<Response> {
  const { error, message } = await readError(response)
  const { statusCode, payload } = new XRPCError(
    response.status === 500 ? 502 : response.status,
    message,
    error,
  )
  return Response.json(payload, {
    status: statusCode,
    headers: responseHeaders(response.headers, false),
  })
}

async function readError(response: Response): Promise<{ error?: string; message?: string }> {
  const type = response.headers.get('content-type') ?? 'application/json'
  if (!/^application\/(?:[\w.-]+\+)?json/i.test(type)) {
    await response.body?.cancel()
    return {}
  }
  try {
    const parsed: unknown = JSON.parse(await readSome(response))
    if (typeof parsed !== 'object' || parsed === null) return {}
    const { error, message } = parsed as Record<string, unknown>
    return {
      error: typeof error === 'string' ? error : undefined,
      message: typeof message === 'string' ? message : undefined,
    }
  } catch {
    // Whatever it was: the status says enough.
    return {}
  }
}

/** The body as text. @throws Error when it is too long or cannot be decompressed */
async function readSome({ body, headers }: Response): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body ?? []) {
    size += piece.byteLength
    if (size > MAX_ERROR) throw new Error('the error is too long')
    pieces.push(piece)
  }
  return decompress(Buffer.concat(pieces), headers, MAX_ERROR).toString('utf8')
}
