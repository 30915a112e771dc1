import { readableEncodings } from '../decompress.ts'

/**
 * What a client accepts, as far as it can be read here, too, as it was written (RFC 9110, Accept-Encoding).
 * What may be merged into must not come in an encoding that only the client knows.
 */
export function readableOnly(accepted: string | null): string {
  const readable = (accepted ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => readableEncodings.includes(item.split(';', 1)[0]?.trim().toLowerCase() ?? ''))
  return readable.length > 0 ? readable.join(', ') : 'identity'
}
