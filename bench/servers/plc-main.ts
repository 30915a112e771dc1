/** A PLC directory in memory, in a process of its own, so that its work is not the client's. */
import { Database, PlcServer } from '@did-plc/server'

const port = Number(process.env.PORT)
await PlcServer.create({ db: Database.mock(), port }).start()
process.send?.({ port })
process.once('disconnect', () => process.exit())
