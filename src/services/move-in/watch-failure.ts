/**
 * A stream that remembers why it failed: whoever reads it over RPC is told only that it did.
 *
 * @returns the stream in the place of `body`, and what became of it
 */
export function watchFailure(body: ReadableStream<Uint8Array>): {
  stream: ReadableStream<Uint8Array>
  /** Undefined: it has not failed. */
  failure(): unknown
} {
  const reader = body.getReader()
  let failed: { cause: unknown } | undefined
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (cause) {
          failed = { cause }
          controller.error(cause)
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return { stream, failure: () => failed?.cause }
}
