import { NetworkError } from './network-error.ts'

/**
 * The same response, whose body fails once it has given more than `maxBytes` (counted after decompression,
 * so that a small file cannot unfold) or once `signal` aborts. `done` is called when no more will come.
 *
 * @throws NetworkError `too-large`, at once when the headers say so
 */
export function limitBody(
  response: Response,
  maxBytes: number,
  signal: AbortSignal,
  done: () => void,
): Response {
  const { body, headers, status, statusText } = response
  if (!body) {
    done()
    return response
  }
  if (Number(headers.get('content-length')) > maxBytes) {
    done()
    void body.cancel().catch(() => {})
    throw tooLarge(maxBytes)
  }
  const limited = limitStream(body, maxBytes, signal, done)
  return new Response(limited, { status, statusText, headers })
}

function limitStream(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
  done: () => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const stop = (reason: unknown) => {
    done()
    // Not awaited: a server that does not answer need not end its stream either.
    void reader.cancel(reason).catch(() => {})
  }
  const aborted = rejectOn(signal)
  let received = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done: ended, value } = await Promise.race([reader.read(), aborted])
          if (ended) {
            done()
            controller.close()
            return
          }
          received += value.byteLength
          if (received > maxBytes) throw tooLarge(maxBytes)
          controller.enqueue(value)
        } catch (error) {
          const shown = asNetworkError(error, signal)
          stop(shown)
          controller.error(shown)
        }
      },
      cancel: stop,
    },
    // Nothing is read ahead of the caller.
    { highWaterMark: 0 },
  )
}

/** Rejects with the signal's reason once it aborts. */
export function rejectOn(signal: AbortSignal): Promise<never> {
  const rejected = new Promise<never>((_, reject) => {
    const fail = () => reject(signal.reason)
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
  // It may abort when nobody waits any more.
  rejected.catch(() => {})
  return rejected
}

/** What went wrong, in the words of this module: a timeout if the signal says so. */
export function asNetworkError(error: unknown, signal: AbortSignal): NetworkError {
  if (signal.reason instanceof NetworkError) return signal.reason
  if (error instanceof NetworkError) return error
  return new NetworkError('unreachable', 'Could not be reached', { cause: error })
}

const tooLarge = (maxBytes: number) =>
  new NetworkError('too-large', `The answer is larger than ${maxBytes} bytes`)
