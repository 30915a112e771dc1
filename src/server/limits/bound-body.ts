import { XRPCError } from '@atproto/xrpc-server'
import { readWhole } from '../../kernel/net/request-body.ts'

/**
 * A request whose body was read, so that whoever gets it can hold no more than `maxBytes`. Compressed bodies, which
 * could unfold, are refused: nobody sends forms that way.
 *
 * @throws XRPCError 413 `PayloadTooLarge`, 415 `UnsupportedMediaType`
 */
export async function boundBody(request: Request, maxBytes: number): Promise<Request> {
  const { body, headers } = request
  if (!body) return request
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity') {
    throw new XRPCError(415, `Unsupported content-encoding: ${encoding}`, 'UnsupportedMediaType')
  }
  if (Number(headers.get('content-length')) > maxBytes) throw tooLarge(maxBytes)
  const bytes = await readWhole(body, maxBytes, () => tooLarge(maxBytes))
  return new Request(request, { body: bytes })
}

const tooLarge = (maxBytes: number) =>
  new XRPCError(413, `request entity too large: the limit is ${maxBytes} bytes`, 'PayloadTooLarge')
