/** Whether the host in this container is ready: `HEALTHCHECK` of the image. */
const port = process.env.PDS_PORT || '2583'
const response = await fetch(`http://127.0.0.1:${port}/xrpc/_health`, {
  signal: AbortSignal.timeout(4_000),
})
process.exitCode = response.ok ? 0 : 1
