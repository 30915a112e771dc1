/** The reference PDS in a process of its own; settings come from the environment. */
import { envToCfg, envToSecrets, PDS, readEnv } from '@atproto/pds'

const env = readEnv()
const pds = await PDS.create(envToCfg(env), envToSecrets(env))
await pds.start()
process.send?.({ port: env.port })
process.once('disconnect', () => process.exit())
process.once('SIGTERM', async () => {
  await pds.destroy()
  process.exit()
})
