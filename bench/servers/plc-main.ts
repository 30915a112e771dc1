/** A PLC directory in memory, in a process of its own: the reference creates did:plc accounts. */
import { Database, PlcServer } from '@did-plc/server'

const port = Number(process.env.PORT)
const server = PlcServer.create({ db: Database.mock(), port })
await server.start()
process.send?.({ port })
process.once('disconnect', () => process.exit())
